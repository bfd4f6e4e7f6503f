import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Lines one behind the other in memory of fixed size, each with its length in front, around its end and on from its start.
struct LineQueue {
  private let block: MemoryBlock
  private let capacity: Int
  private var (first, byteCount) = (0, 0)
  private(set) var count = 0

  private static let headerCount = MemoryLayout<UInt32>.size

  init(capacity: Int) {
    precondition(capacity > Self.headerCount, "capacity of \(capacity)")
    self.capacity = capacity
    block = MemoryBlock(byteCount: capacity)
  }

  var isEmpty: Bool { count == 0 }

  /// False where there is no room. What is longer than all of it is cut.
  mutating func append(_ line: UnsafeRawBufferPointer) -> Bool {
    let length = min(line.count, capacity - Self.headerCount)
    guard capacity - byteCount >= Self.headerCount + length else { return false }
    withUnsafeBytes(of: UInt32(length)) { put($0) }
    put(UnsafeRawBufferPointer(rebasing: line[..<length]))
    count += 1
    return true
  }

  /// Copies the oldest line to `target`, which has room for all there may be, and returns its length.
  ///
  /// - Precondition: there is one.
  mutating func removeFirst(into target: UnsafeMutableRawPointer) -> Int {
    precondition(count > 0, "no line")
    take(Self.headerCount, to: target)
    let length = Int(target.load(as: UInt32.self))
    take(length, to: target)
    count -= 1
    return length
  }

  /// Returns how many there were.
  mutating func removeAll() -> Int {
    defer { (first, byteCount, count) = (0, 0, 0) }
    return count
  }

  private mutating func put(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    let start = (first + byteCount) % capacity
    let whole = min(bytes.count, capacity - start)
    memcpy(block.address + start, source, whole)
    memcpy(block.address, source + whole, bytes.count - whole)
    byteCount += bytes.count
  }

  private mutating func take(_ length: Int, to target: UnsafeMutableRawPointer) {
    let whole = min(length, capacity - first)
    memcpy(target, block.address + first, whole)
    memcpy(target + whole, block.address, length - whole)
    first = (first + length) % capacity
    byteCount -= length
  }
}
