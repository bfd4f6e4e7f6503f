import Files
import Foundation
import Reporting
import Testing

@Suite struct MetricsLogTests {
  func lines(_ path: String) throws -> [String] {
    String(decoding: try contents(path), as: UTF8.self).split(separator: "\n").map(String.init)
  }

  func filled(_ path: String) throws -> MetricsLog {
    let log = try MetricsLog(path: path)
    for iteration in stride(from: 10, through: 50, by: 10) {
      try log.append(iteration: iteration, kind: "train") { $0.field("loss", 0.5) }
      if iteration % 20 == 0 { try log.append(iteration: iteration, kind: "evaluation") { $0.field("gap", 0.25) } }
    }
    return log
  }

  @Test("lines are appended, also by the next process")
  func appended() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/metrics.jsonl"
    _ = try filled(path)
    try MetricsLog(path: path).append(iteration: 60, kind: "train") { _ in }
    let lines = try lines(path)
    #expect(lines.count == 8 && lines[2] == #"{"iteration":20,"kind":"evaluation","gap":0.25}"#)
    #expect(lines[7] == #"{"iteration":60,"kind":"train"}"#)
  }

  @Test("throttled lines keep their distance, others do not wait")
  func throttled() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/m"
    let log = try MetricsLog(path: path, minimumSeconds: 1)
    for step in 0..<30 {
      try log.append(iteration: step, kind: "train", isThrottled: true, now: 100 + Double(step) / 10) { _ in }
      if step == 15 { try log.append(iteration: step, kind: "evaluation", now: 101.5) { _ in } }
    }
    #expect(try lines(path).map { $0.prefix(16).filter(\.isNumber) } == ["0", "10", "15", "20"])
  }

  @Test("a resumed run cuts back what it will write again")
  func truncated() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/m"
    let log = try filled(path)
    try log.truncate(toIteration: 30)
    #expect(try lines(path).count == 4 && lines(path)[3] == #"{"iteration":30,"kind":"train","loss":0.5}"#)
    try log.append(iteration: 31, kind: "train") { _ in }
    #expect(try lines(path).count == 5)
    try log.truncate(toIteration: -1)
    #expect(try contents(path).isEmpty)
  }

  @Test("a half-written last line is cut off, whatever byte it stops at")
  func half() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/m"
    _ = try filled(path)
    let whole = try contents(path)
    let ends = whole.indices.filter { whole[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
    for length in 0..<whole.count {
      try Data(whole[..<length]).write(to: URL(fileURLWithPath: path))
      let log = try MetricsLog(path: path)
      #expect(try contents(path).count == (ends.last { $0 <= length } ?? 0))
      try log.append(iteration: 99, kind: "x") { _ in }
      #expect(try lines(path).last == #"{"iteration":99,"kind":"x"}"#)
    }
    // Zeros, as a file system may leave them after a power cut.
    try Data(whole + [UInt8](repeating: 0, count: 100)).write(to: URL(fileURLWithPath: path))
    _ = try MetricsLog(path: path)
    #expect(try contents(path) == whole)
  }

  @Test("a place that cannot be written and a full disk are named")
  func unwritable() throws {
    #expect { try MetricsLog(path: "/nowhere/m") } throws: {
      "\($0)" == "/nowhere/m: cannot open for writing: No such file or directory; check the path"
    }
    // The buffer reports what the log would: /dev/full takes nothing.
    let descriptor = open("/dev/full", O_WRONLY)
    guard descriptor >= 0 else { return print("skipped: no /dev/full here") }
    defer { close(descriptor) }
    let line = LineBuffer(capacity: 8)
    line.append(1)
    #expect { try line.write(to: descriptor, named: "m") } throws: {
      "\($0)" == "m: cannot write: No space left on device; free some space or name another place"
    }
  }

  @Test("what is cut off is kept beside, added to what is there, and stays where it cannot be kept")
  func kept() throws {
    let directory = try TemporaryDirectory()
    let (path, keptPath) = (directory.path + "/m", directory.path + "/kept")
    let kept = FilePlace(keptPath)
    _ = try filled(path)
    let whole = try contents(path)
    var log = try MetricsLog(path: path)
    // In the middle of a line: not the file of that time.
    #expect(try !log.truncate(toByteCount: 60, keepingIn: kept) && !directory.names().contains("kept"))
    let length = try #require(whole.firstIndex(of: UInt8(ascii: "\n"))) + 1
    #expect(try log.truncate(toByteCount: length, keepingIn: kept))
    #expect(try contents(path) == Array(whole[..<length]) && contents(keptPath) == Array(whole[length...]))
    try log.append(iteration: 11, kind: "train") { _ in }
    log = try MetricsLog(path: path)
    try log.truncate(toIteration: 10, keepingIn: kept)
    #expect(try contents(path) == Array(whole[..<length]))
    #expect(try contents(keptPath) == Array(whole[length...]) + Array(#"{"iteration":11,"kind":"train"}"#.utf8) + [10])
    // Nothing is lost where there is no room beside.
    try FileManager.default.createDirectory(atPath: directory.path + "/taken", withIntermediateDirectories: true)
    for taken in [directory.path + "/taken", "/dev/full"] {
      #expect(throws: ReportError.self) { try log.truncate(toByteCount: 0, keepingIn: FilePlace(taken)) }
      #expect(throws: ReportError.self) { try log.truncate(toIteration: 1, keepingIn: FilePlace(taken)) }
    }
    #expect(try contents(path) == Array(whole[..<length]) && log.byteCount == length)
  }

  @Test("of a long file the end is read: lines that are longer than a piece, no numbers, and many lines")
  func long() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/m"
    let line = { (iteration: Int) in "{\"iteration\":\(iteration),\"kind\":\"training\"}\n" }
    let head = (1...20_000).map(line).joined()
    let strange =
      String(repeating: "x", count: 700_000) + "\n\n{\"iteration\":-3}\n{\"iteration\":99999999999999999999}\n"
    for cut in [1, 3, 19_999, 20_000] {
      try Data((head + strange + (20_001...40_000).map(line).joined() + "{\"iter").utf8)
        .write(to: URL(fileURLWithPath: path))
      let log = try MetricsLog(path: path)
      try log.truncate(toIteration: cut)
      let expected = (1...cut).map(line).joined() + (cut == 20_000 ? strange : "")
      #expect(try contents(path) == Array(expected.utf8), "\(cut)")
      #expect(log.byteCount == expected.utf8.count)
    }
  }

  @Test("what is no metrics stays as it is, and lines come behind it")
  func foreign() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/m"
    let bytes = [UInt8](repeating: 0x80, count: 300_000)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let log = try MetricsLog(path: path)
    try log.append(iteration: 1, kind: "x") { _ in }
    #expect(try contents(path) == bytes + Array("\n{\"iteration\":1,\"kind\":\"x\"}\n".utf8))
    #expect(try log.byteCount == contents(path).count)
  }

  @Test("links and pipes are refused, and what a link leads to is left alone")
  func refused() throws {
    let directory = try TemporaryDirectory()
    try Data("mine".utf8).write(to: URL(fileURLWithPath: directory.path + "/target"))
    try #require(symlink(directory.path + "/target", directory.path + "/link") == 0)
    try #require(symlink(directory.path + "/nothing", directory.path + "/dangling") == 0)
    try #require(mkfifo(directory.path + "/pipe", 0o600) == 0)
    for name in ["link", "dangling", "pipe"] {
      #expect { try MetricsLog(path: directory.path + "/" + name) } throws: { ($0 as? ReportError)?.isRefusal == true }
    }
    #expect(try contents(directory.path + "/target") == Array("mine".utf8))
    #expect(try !directory.names().contains("nothing"))
  }
}
