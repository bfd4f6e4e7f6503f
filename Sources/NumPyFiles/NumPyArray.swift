import Files
import Tensors

/// An array of numbers or texts, mapped from a file or unpacked into memory; elements in row-major order.
public struct NumPyArray: Sendable {
  public let name: String
  public let path: String
  public let type: ElementType
  public let shape: [Int]
  let isBigEndian: Bool
  private let memory: SharedBlock
  /// Of the elements, in bytes of the block.
  public let range: Range<Int>
  /// Whether the block is the mapped file rather than memory of this process.
  public let isMapped: Bool

  /// - Parameter content: the array's own file within `block`: header and elements.
  init(_ block: MemoryBlock, content: Range<Int>, isMapped: Bool, path: String, name: String) throws(FileError) {
    let bytes = UnsafeRawBufferPointer(start: block.address + content.lowerBound, count: content.count)
    let header = try ArrayHeader(
      UnsafeRawBufferPointer(rebasing: bytes.prefix(ArrayHeader.mostBytes + 12)), path: path, name: name)
    let needed = header.byteCount + header.count * header.type.byteCount
    guard needed == content.count else {
      throw FileError(
        path: path,
        reason: "array \(name): \(grouped(content.count)) bytes, its header of "
          + "\(header.shape.map(grouped).joined(separator: " × ")) \(header.type.name) asks for \(grouped(needed))",
        remedy: "the copy was cut short or damaged, copy it again")
    }
    self.name = name
    self.path = path
    self.isMapped = isMapped
    (type, shape, isBigEndian) = (header.type, header.shape, header.isBigEndian)
    memory = SharedBlock(block: block)
    range = content.lowerBound + header.byteCount..<content.upperBound
  }

  public var count: Int { shape.reduce(1, *) }
  /// What holds the elements.
  public var block: MemoryBlock { memory.block }
  /// Whether the elements lie there as this machine reads them.
  public var isNative: Bool { !isBigEndian || type.byteCount == 1 }

  /// The elements of `range` as numbers.
  ///
  /// - Precondition: no texts.
  public func forEach(_ elements: Range<Int>, _ body: (Double) -> Void) {
    precondition(elements.lowerBound >= 0 && elements.upperBound <= count, "\(elements) of \(count) elements")
    switch type {
    case .bool: visit(elements, UInt8.self) { body($0 == 0 ? 0 : 1) }
    case .uint8: visit(elements, UInt8.self) { body(Double($0)) }
    case .int8: visit(elements, Int8.self) { body(Double($0)) }
    case .uint16: visit(elements, UInt16.self) { body(Double($0)) }
    case .int16: visit(elements, Int16.self) { body(Double($0)) }
    case .uint32: visit(elements, UInt32.self) { body(Double($0)) }
    case .int32: visit(elements, Int32.self) { body(Double($0)) }
    case .uint64: visit(elements, UInt64.self) { body(Double($0)) }
    case .int64: visit(elements, Int64.self) { body(Double($0)) }
    case .float16: visit(elements, UInt16.self) { body(Double(float16: $0)) }
    case .float32: visit(elements, UInt32.self) { body(Double(Float(bitPattern: $0))) }
    case .float64: visit(elements, UInt64.self) { body(Double(bitPattern: $0)) }
    case .text: preconditionFailure("array \(name) holds texts")
    }
  }

  /// All elements as numbers.
  public func numbers() -> [Double] {
    var numbers: [Double] = []
    numbers.reserveCapacity(count)
    forEach(0..<count) { numbers.append($0) }
    return numbers
  }

  /// All elements as texts.
  ///
  /// - Precondition: texts.
  public func texts() -> [String] {
    guard case .text(let width) = type else { preconditionFailure("array \(name) holds no texts") }
    var scalars: [UInt32] = []
    visit(0..<count * width, UInt32.self) { scalars.append($0) }
    return (0..<count).map { row in
      var text = String.UnicodeScalarView()
      for value in scalars[row * width..<(row + 1) * width] where value != 0 {
        text.append(Unicode.Scalar(value) ?? "\u{FFFD}")
      }
      return String(text)
    }
  }

  private func visit<Integer: FixedWidthInteger>(
    _ elements: Range<Int>, _ type: Integer.Type, _ body: (Integer) -> Void
  ) {
    let start = UnsafeRawPointer(block.address) + range.lowerBound
    let size = MemoryLayout<Integer>.size
    withExtendedLifetime(memory) {
      for index in elements {
        let value = start.loadUnaligned(fromByteOffset: index * size, as: Integer.self)
        body(isBigEndian ? Integer(bigEndian: value) : Integer(littleEndian: value))
      }
    }
  }
}

/// Keeps a block alive. `@unchecked Sendable`: its bytes are only read.
private final class SharedBlock: @unchecked Sendable {
  let block: MemoryBlock
  init(block: MemoryBlock) { self.block = block }
}

extension Double {
  /// IEEE 754's half precision.
  init(float16 bits: UInt16) {
    let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
    let magnitude: Double =
      switch exponent {
      case 0: fraction * 0x1p-24
      case 31: fraction == 0 ? .infinity : .nan
      default: (1024 + fraction) * (exponent < 25 ? 1 / Double(1 << (25 - exponent)) : Double(1 << (exponent - 25)))
      }
    self = bits >> 15 == 1 ? -magnitude : magnitude
  }
}
