import Files
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A text of limited length that is put together and written without allocating: log lines inside the training loop.
///
/// What does not fit is left out and `isOverfull` says so.
public final class LineBuffer {
  private let block: MemoryBlock
  private let bytes: UnsafeMutablePointer<UInt8>
  public let capacity: Int
  public private(set) var count = 0
  public private(set) var isOverfull = false

  public init(capacity: Int) {
    precondition(capacity > 0, "capacity of \(capacity)")
    self.capacity = capacity
    block = MemoryBlock(byteCount: capacity)
    bytes = block.address.bindMemory(to: UInt8.self, capacity: capacity)
  }

  public func removeAll() {
    count = 0
    isOverfull = false
  }

  /// Leaves out everything from byte `newCount` on.
  public func cut(to newCount: Int) { count = min(count, max(0, newCount)) }

  public var last: UInt8? { count > 0 ? bytes[count - 1] : nil }

  /// The text so far; valid until the next change.
  public var contents: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bytes, count: count) }

  public func append(_ byte: UInt8) {
    guard count < capacity else {
      isOverfull = true
      return
    }
    bytes[count] = byte
    count += 1
  }

  public func append(_ text: UnsafeBufferPointer<UInt8>) {
    for byte in text { append(byte) }
  }

  public func append(_ text: StaticString) {
    precondition(text.hasPointerRepresentation, "a static text of one character: append its byte")
    append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends a text made at run time (which may have allocated when it was made).
  public func append(_ text: String) {
    for byte in text.utf8 { append(byte) }
  }

  /// Appends a whole number, its thousands set apart by commas if `isGrouped`.
  public func append(_ value: Int, isGrouped: Bool = false) {
    if value < 0 { append(UInt8(ascii: "-")) }
    append(digits: UInt64(value.magnitude), atLeast: 1, isGrouped: isGrouped)
  }

  func append(digits value: UInt64, atLeast width: Int, isGrouped: Bool = false) {
    var (place, power) = (1, UInt64(1))
    while place < width || (place < 20 && value / power >= 10) {
      power *= 10
      place += 1
    }
    while place > 0 {
      append(UInt8(ascii: "0") + UInt8(value / power % 10))
      power /= 10
      place -= 1
      if isGrouped && place > 0 && place % 3 == 0 { append(UInt8(ascii: ",")) }
    }
  }

  /// Writes the text to an open file or terminal.
  public func write(to descriptor: Int32, named path: String) throws(ReportError) {
    var done = 0
    while done < count {
      #if canImport(Darwin)
        let written = Darwin.write(descriptor, bytes + done, count - done)
      #else
        let written = Glibc.write(descriptor, bytes + done, count - done)
      #endif
      if written < 0 && errno == EINTR { continue }
      guard written >= 0 else { throw ReportError(FileError(path: path, action: "write", code: errno)) }
      done += written
    }
  }
}
