import Files
import Tensors

/// An array of numbers or texts: mapped from a file, unpacked into memory, or packed in a file; elements in row-major order.
public struct NumPyArray: Sendable {
  public let name: String
  public let path: String
  public let type: ElementType
  public let shape: [Int]
  let isBigEndian: Bool
  private let content: Content
  private let limits: ReadingLimits

  private enum Content: Sendable {
    /// In these bytes of the block.
    case lying(SharedBlock, Range<Int>, isMapped: Bool)
    case packed(PackedElements)
  }

  /// - Parameter content: the array's own file within the mapped `block`: header and elements.
  init(
    _ block: MemoryBlock, content: Range<Int>, path: String, name: String, limits: ReadingLimits
  ) throws(FileError) {
    let bytes = UnsafeRawBufferPointer(start: block.address + content.lowerBound, count: content.count)
    let header = try ArrayHeader(
      UnsafeRawBufferPointer(rebasing: bytes.prefix(ArrayHeader.mostBytes + 12)), path: path, name: name)
    try Self.check(header, contentCount: content.count, path: path, name: name)
    let range = content.lowerBound + header.byteCount..<content.upperBound
    self.init(
      header, .lying(SharedBlock(block: block), range, isMapped: true), path: path, name: name, limits: limits)
  }

  /// - Parameter contentCount: bytes of header and elements, unpacked.
  init(
    _ header: ArrayHeader, contentCount: Int, _ elements: PackedElements, _ place: Inflation.Place
  ) throws(FileError) {
    try Self.check(header, contentCount: contentCount, path: place.path, name: place.name)
    self.init(header, .packed(elements), path: place.path, name: place.name, limits: place.limits)
  }

  private init(_ header: ArrayHeader, _ content: Content, path: String, name: String, limits: ReadingLimits) {
    (self.name, self.path, self.content, self.limits) = (name, path, content, limits)
    (type, shape, isBigEndian) = (header.type, header.shape, header.isBigEndian)
  }

  /// The same elements in memory.
  private init(_ packed: NumPyArray, in block: MemoryBlock) {
    (name, path, type, shape) = (packed.name, packed.path, packed.type, packed.shape)
    (isBigEndian, limits) = (packed.isBigEndian, packed.limits)
    content = .lying(SharedBlock(block: block), 0..<block.byteCount, isMapped: false)
  }

  private static func check(
    _ header: ArrayHeader, contentCount: Int, path: String, name: String
  ) throws(FileError) {
    let needed = header.byteCount + header.count * header.type.byteCount
    guard needed == contentCount else {
      throw FileError(
        path: path,
        reason: "array \(name): \(grouped(contentCount)) bytes, its header of "
          + "\(header.shape.map(grouped).joined(separator: " × ")) \(header.type.name) asks for \(grouped(needed))",
        remedy: "the copy was cut short or damaged, copy it again")
    }
  }

  public var count: Int { shape.reduce(1, *) }
  /// Whether the elements lie there as this machine reads them.
  public var isNative: Bool { !isBigEndian || type.byteCount == 1 }

  /// The array with its elements lying somewhere: in the mapped file, or unpacked into memory of as many bytes.
  public func unpacked() throws(FileError) -> NumPyArray {
    guard case .packed(let elements) = content else { return self }
    return NumPyArray(self, in: try elements.unpacked())
  }

  /// What holds the elements, where in it, and whether it is the mapped file rather than memory of this process.
  ///
  /// - Precondition: `unpacked()`.
  public var place: (block: MemoryBlock, range: Range<Int>, isMapped: Bool) {
    guard case .lying(let memory, let range, let isMapped) = content else {
      preconditionFailure("array \(name) is packed")
    }
    return (memory.block, range, isMapped)
  }

  /// All elements as numbers, one after the other.
  ///
  /// - Precondition: no texts.
  /// - Throws: where packed ones are damaged, or nobody waits for them any more.
  public func visit(_ body: (Double) -> Void) throws(FileError) {
    switch type {
    case .bool: try visit(UInt8.self) { body($0 == 0 ? 0 : 1) }
    case .uint8: try visit(UInt8.self) { body(Double($0)) }
    case .int8: try visit(Int8.self) { body(Double($0)) }
    case .uint16: try visit(UInt16.self) { body(Double($0)) }
    case .int16: try visit(Int16.self) { body(Double($0)) }
    case .uint32: try visit(UInt32.self) { body(Double($0)) }
    case .int32: try visit(Int32.self) { body(Double($0)) }
    case .uint64: try visit(UInt64.self) { body(Double($0)) }
    case .int64: try visit(Int64.self) { body(Double($0)) }
    case .float16: try visit(UInt16.self) { body(Double(float16: $0)) }
    case .float32: try visit(UInt32.self) { body(Double(Float(bitPattern: $0))) }
    case .float64: try visit(UInt64.self) { body(Double(bitPattern: $0)) }
    case .text: preconditionFailure("array \(name) holds texts")
    }
  }

  /// All elements as numbers.
  public func numbers() throws(FileError) -> [Double] {
    var numbers: [Double] = []
    numbers.reserveCapacity(count)
    try visit { numbers.append($0) }
    return numbers
  }

  /// All elements as texts.
  ///
  /// - Precondition: texts.
  public func texts() throws(FileError) -> [String] {
    guard case .text(let width) = type else { preconditionFailure("array \(name) holds no texts") }
    var texts: [String] = []
    var text = String.UnicodeScalarView()
    var place = 0
    if width == 0 { return [String](repeating: "", count: count) }
    try visit(UInt32.self) { value in
      if value != 0 { text.append(Unicode.Scalar(value) ?? "\u{FFFD}") }
      place += 1
      guard place == width else { return }
      texts.append(String(text))
      (text, place) = (String.UnicodeScalarView(), 0)
    }
    return texts
  }

  private func visit<Integer: FixedWidthInteger>(
    _ type: Integer.Type, _ body: (Integer) -> Void
  ) throws(FileError) {
    let size = MemoryLayout<Integer>.size
    let isBigEndian = isBigEndian
    func pass(_ bytes: UnsafeRawBufferPointer) {
      guard let start = bytes.baseAddress else { return }
      for offset in stride(from: 0, to: bytes.count, by: size) {
        let value = start.loadUnaligned(fromByteOffset: offset, as: Integer.self)
        body(isBigEndian ? Integer(bigEndian: value) : Integer(littleEndian: value))
      }
    }
    switch content {
    case .packed(let elements): try elements.forEachPiece(of: ReadingLimits.pieceBytes, pass)
    case .lying(let memory, let range, _):
      let bytes = UnsafeRawBufferPointer(start: memory.block.address, count: memory.block.byteCount)
      for first in stride(from: range.lowerBound, to: range.upperBound, by: ReadingLimits.pieceBytes) {
        try limits.checkStop(path)
        let last = min(range.upperBound, first + ReadingLimits.pieceBytes)
        withExtendedLifetime(memory) { pass(UnsafeRawBufferPointer(rebasing: bytes[first..<last])) }
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
