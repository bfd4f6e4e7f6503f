import Foundation
import Testing

@testable import Reporting

/// A pipe whose reader may be asleep: filled until it takes nothing more.
private final class FullPipe {
  let reader: Int32
  let writer: Int32
  private(set) var filling = 0

  init(isFull: Bool = true) throws {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    (reader, writer) = (ends[0], ends[1])
    guard isFull else { return }
    let flags = fcntl(writer, F_GETFL)
    _ = fcntl(writer, F_SETFL, flags | O_NONBLOCK)
    while write(writer, "x", 1) == 1 { filling += 1 }
    _ = fcntl(writer, F_SETFL, flags)
  }

  deinit { _ = (close(reader), close(writer)) }

  /// Reads until nothing has come for a while; the first time without what filled it.
  func lines() -> [String] {
    defer { filling = 0 }
    var (bytes, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
    var request = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
    while poll(&request, 1, 500) > 0 {
      let count = read(reader, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes.dropFirst(filling), as: UTF8.self).split(separator: "\n").map(String.init)
  }
}

@Suite struct LineWriterTests {
  @Test("what is read arrives whole and in order, and is there once it has settled")
  func order() throws {
    let pipe = try FullPipe(isFull: false)
    let writer = LineWriter(descriptor: pipe.writer)
    for number in 1...1_000 { writer.write("line \(number)\n") }
    writer.settle()
    #expect(pipe.lines() == (1...1_000).map { "line \($0)" })
  }

  @Test("a pipe that nobody reads makes nobody wait; what was lost is counted once the reader is back")
  func stuckReader() throws {
    let pipe = try FullPipe()
    let writer = LineWriter(descriptor: pipe.writer, capacity: 4_096)
    let start = Date()
    for number in 1...10_000 {
      writer.write("line \(number)\n")
      // Waits once, in vain.
      if number % 10 == 0 { writer.settle() }
    }
    writer.finish(withinSeconds: 0.1)
    #expect(Date().timeIntervalSince(start) < 2)
    var lines = pipe.lines()
    let last = lines.popLast()
    let lost = try #require(last)
    #expect(lines == (1...lines.count).map { "line \($0)" })
    #expect(lines.count > 100)
    #expect(lost.hasSuffix(" lines lost: nobody read them"))
    #expect(Int(lost.prefix { $0 != " " }.filter(\.isNumber)) == 10_000 - lines.count)
    // And on it goes.
    writer.write("again\n")
    writer.finish(withinSeconds: 10)
    #expect(pipe.lines().last == "again")
  }

  @Test("a reader that went away loses lines, counted with the reason, until another comes")
  func lostReader() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/fifo"
    try #require(mkfifo(path, 0o600) == 0)
    let first = open(path, O_RDONLY | O_NONBLOCK)
    let descriptor = open(path, O_WRONLY)
    defer { close(descriptor) }
    close(first)
    let writer = LineWriter(descriptor: descriptor)
    for number in 1...3 {
      writer.write("line \(number)\n")
      writer.settle()
    }
    let second = open(path, O_RDONLY | O_NONBLOCK)
    defer { close(second) }
    writer.write("line 4\n")
    writer.settle()
    var buffer = [UInt8](repeating: 0, count: 1_000)
    let count = read(second, &buffer, buffer.count)
    #expect(String(decoding: buffer[..<max(0, count)], as: UTF8.self) == "3 lines lost: Broken pipe\nline 4\n")
  }

  @Test("a descriptor that others have made non-blocking loses nothing")
  func nonBlocking() throws {
    let pipe = try FullPipe(isFull: false)
    _ = fcntl(pipe.writer, F_SETFL, fcntl(pipe.writer, F_GETFL) | O_NONBLOCK)
    let writer = LineWriter(descriptor: pipe.writer, capacity: 1 << 20)
    for number in 1...20_000 { writer.write("line \(number)\n") }
    #expect(pipe.lines() == (1...20_000).map { "line \($0)" })
  }

  @Test("a full device and a closed descriptor end neither the writer nor who waits for it", arguments: [true, false])
  func noRoom(isDevice: Bool) {
    let descriptor = isDevice ? open("/dev/full", O_WRONLY) : 1_000_000
    defer { if isDevice { close(descriptor) } }
    let writer = LineWriter(descriptor: descriptor)
    let start = Date()
    for _ in 1...100 { writer.write("line\n") }
    writer.settle()
    writer.finish(withinSeconds: nil)
    #expect(Date().timeIntervalSince(start) < 1)
  }

  @Test("a queue gives back what it took, around its end, and takes no more than there is room for")
  func queue() {
    var queue = LineQueue(capacity: 64)
    var expected: [[UInt8]] = []
    var target = [UInt8](repeating: 0, count: 64)
    for step in 0..<2_000 {
      if step % 7 < 4 {
        let line = (0..<(step * 13) % 29).map { UInt8(truncatingIfNeeded: $0 + step) }
        let room = 64 - expected.reduce(0) { $0 + 4 + $1.count }
        #expect(line.withUnsafeBytes { queue.append($0) } == (room >= 4 + line.count))
        if room >= 4 + line.count { expected.append(line) }
      } else if !queue.isEmpty {
        let count = target.withUnsafeMutableBytes { queue.removeFirst(into: $0.baseAddress!) }
        #expect(Array(target[..<count]) == expected.removeFirst())
      }
      #expect(queue.count == expected.count)
    }
    #expect(queue.removeAll() == expected.count && queue.isEmpty)
  }
}
