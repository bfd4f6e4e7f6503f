import Tensors

/// How the elements of a stored tensor are encoded, little-endian; the raw value is safetensors' name for it.
public enum ElementType: String, Sendable, CaseIterable {
  case float32 = "F32"
  case float64 = "F64"
  case int32 = "I32"
  case int64 = "I64"
  case uint8 = "U8"

  public var byteCount: Int {
    switch self {
    case .uint8: 1
    case .float32, .int32: 4
    case .float64, .int64: 8
    }
  }
}

/// A tensor to be written: its name and where its elements lie. Does not outlive that memory.
public struct StoredTensor {
  public let name: String
  public let shape: Shape
  public let type: ElementType
  public let bytes: UnsafeRawBufferPointer

  /// - Precondition: `bytes` holds exactly the elements of `shape`.
  public init(_ name: String, _ shape: Shape, _ type: ElementType, _ bytes: UnsafeRawBufferPointer) {
    precondition(
      bytes.count == shape.count * type.byteCount, "\(name): \(bytes.count) bytes for \(type.rawValue) \(shape)")
    self.name = name
    self.shape = shape
    self.type = type
    self.bytes = bytes
  }

  /// The same tensor with its elements elsewhere.
  func moved(to address: UnsafeRawPointer) -> StoredTensor {
    StoredTensor(name, shape, type, UnsafeRawBufferPointer(start: address, count: bytes.count))
  }
}

/// What the header of a file says about one tensor.
struct TensorRecord: Equatable {
  let shape: Shape
  let type: ElementType
  /// Position in the data behind the header.
  let range: Range<Int>
}
