import Checkpoints
import Exporting
import Files
import NumPyFiles
import Tensors

/// Named tensors of numbers in a file, whoever wrote it.
struct WeightsFile {
  private enum Content {
    case safetensors(SafetensorsFile)
    case numPy(NumPyFile)
  }

  let path: String
  /// In the order of the file.
  let names: [String]
  private let content: Content

  /// Opens a safetensors or npz file; no tensor is read yet.
  init(path: String) throws {
    self.path = path
    guard Directories.exists(path) else { throw Failure("\(path): there is no such file", code: .noInput) }
    do {
      if path.hasSuffix(".safetensors") {
        let file = try SafetensorsFile(path: path)
        (names, content) = (file.names, .safetensors(file))
      } else if path.hasSuffix(".npz") {
        let file = try NumPyFile(path: path)
        (names, content) = (file.names, .numPy(file))
      } else {
        throw Failure("\(path): its name must end in .npz or .safetensors", code: .usage)
      }
    } catch let error as FileError {
      throw Failure("\(error)", code: .data)
    }
  }

  /// True where the file is a checkpoint or an export of Lockstep.
  var isOurs: Bool {
    guard case .safetensors(let file) = content else { return false }
    return file.metadata["format"]?.hasPrefix("lockstep") == true
  }

  func tensor(_ name: String) throws -> NamedTensor {
    switch content {
    case .safetensors(let file):
      let (shape, type) = (try file.shape(of: name), try file.type(of: name))
      var bytes = [UInt8](repeating: 0, count: shape.count * type.byteCount)
      try bytes.withUnsafeMutableBytes { try file.read(name, into: $0) }
      return NamedTensor(name: name, shape: shape, numbers: bytes.withUnsafeBytes { Self.numbers($0, type) })
    case .numPy(let file):
      do {
        guard let array = try file.array(name) else { throw Failure("\(path): no array \(name)", code: .data) }
        if case .text = array.type { throw Failure("\(path): array \(clipped(name)) holds texts", code: .data) }
        return NamedTensor(name: name, shape: Shape(array.shape), numbers: try array.numbers().map { Float($0) })
      } catch let error as FileError {
        throw Failure("\(error)", code: .data)
      }
    }
  }

  private static func numbers(_ bytes: UnsafeRawBufferPointer, _ type: Checkpoints.ElementType) -> [Float] {
    func all<Element>(_: Element.Type, _ body: (Element) -> Float) -> [Float] {
      stride(from: 0, to: bytes.count, by: MemoryLayout<Element>.size).map {
        body(bytes.loadUnaligned(fromByteOffset: $0, as: Element.self))
      }
    }
    switch type {
    case .float32: return all(Float.self) { $0 }
    case .float64: return all(Double.self) { Float($0) }
    case .int32: return all(Int32.self) { Float($0) }
    case .int64: return all(Int64.self) { Float($0) }
    case .uint8: return all(UInt8.self) { Float($0) }
    }
  }
}
