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
}
