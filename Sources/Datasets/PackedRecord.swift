/// Numbers and texts one behind the other, as one process hands them to others of the same program.
///
/// - Units: a number is 8 bytes in this machine's order; a text is its length and its UTF-8.
struct PackedRecord {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ number: Int) { withUnsafeBytes(of: number) { bytes += $0 } }

  mutating func append(_ text: String) {
    append(text.utf8.count)
    bytes += text.utf8
  }

  mutating func append(_ texts: [String]) {
    append(texts.count)
    for text in texts { append(text) }
  }

  mutating func append<Number: BitwiseCopyable>(_ numbers: ArraySlice<Number>) {
    append(numbers.count)
    numbers.withUnsafeBytes { bytes += $0 }
  }
}

/// Reads what `PackedRecord` wrote, in the same order.
///
/// - Precondition: of every call: the bytes hold what it asks for.
struct PackedReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func number() -> Int {
    defer { position += 8 }
    return bytes.loadUnaligned(fromByteOffset: position, as: Int.self)
  }

  mutating func text() -> String {
    let count = number()
    defer { position += count }
    return String(decoding: bytes[position..<position + count], as: UTF8.self)
  }

  mutating func texts() -> [String] { (0..<number()).map { _ in text() } }

  mutating func numbers() -> [Int32] { values() }

  mutating func floats() -> [Float] { values() }

  private mutating func values<Number: BitwiseCopyable>() -> [Number] {
    let count = number()
    let size = MemoryLayout<Number>.size
    defer { position += size * count }
    return (0..<count).map { bytes.loadUnaligned(fromByteOffset: position + size * $0, as: Number.self) }
  }
}
