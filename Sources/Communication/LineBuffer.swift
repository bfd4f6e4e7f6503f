/// Text put together in memory that was there before; what does not fit is cut off.
struct LineBuffer {
  private let memory: UnsafeMutableRawBufferPointer
  private var count = 0

  init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

  mutating func append(_ text: StaticString) {
    precondition(text.hasPointerRepresentation, "a text of one character only")
    for index in 0..<text.utf8CodeUnitCount { append(text.utf8Start[index]) }
  }

  mutating func append(_ number: Int) {
    precondition(number >= 0, "\(number) is negative")
    var unit = 1
    while number / unit >= 10 { unit *= 10 }
    while unit > 0 {
      append(UInt8(48 + number / unit % 10))
      unit /= 10
    }
  }

  private mutating func append(_ byte: UInt8) {
    guard count < memory.count else { return }
    memory[count] = byte
    count += 1
  }
}
