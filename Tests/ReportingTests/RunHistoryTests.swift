import Foundation
import Testing

@testable import Reporting

@Suite struct RunHistoryTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.path + "/metrics.jsonl" }

  init() throws { directory = try TemporaryDirectory() }

  private func line(_ iteration: Int, _ kind: String = "training") -> String {
    "{\"iteration\":\(iteration),\"kind\":\"\(kind)\",\"loss\":\(iteration)}\n"
  }

  private func write(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }

  @Test("what is added is read once, a half line later; a file that was cut back is read anew")
  func readOn() throws {
    var history = RunHistory()
    try write(line(1) + line(2))
    var new = try history.readOn(path: path)
    #expect(new.isAnew && new.lines.map(\.iteration) == [1, 2])
    try write(line(1) + line(2) + line(3) + "{\"iteration\":4,")
    new = try history.readOn(path: path)
    #expect(!new.isAnew && new.lines.map(\.iteration) == [3] && history.lines.count == 3)
    try write(line(1) + line(2) + line(3) + line(4))
    #expect(try history.readOn(path: path).lines.map(\.iteration) == [4])
    #expect(try history.readOn(path: path).lines.isEmpty)
    // Shorter, and cut back and then longer.
    try write(line(1))
    new = try history.readOn(path: path)
    #expect(new.isAnew && history.lines.map(\.iteration) == [1])
    try write(line(1) + line(8) + line(9))
    _ = try history.readOn(path: path)
    try write(line(1) + line(8) + line(9) + line(2) + line(3))
    new = try history.readOn(path: path)
    #expect(new.isAnew && new.lines.count == 5 && history.lines.count == 5)
  }

  @Test("of very many lines of training some stay, first and last included, and all of evaluations")
  func thinning() throws {
    var text = ""
    for iteration in 1...40_000 {
      text += line(iteration) + (iteration % 1_000 == 0 ? line(iteration, "evaluation") : "")
    }
    try write(text)
    let history = try RunHistory(path: path)
    let training = history.lines(ofKind: "training").map(\.iteration)
    #expect(training.count <= RunHistory.mostTrainingLines && training.count > 4_000)
    #expect(training.first == 1 && training.last == 40_000 && training == training.sorted())
    #expect(history.lines(ofKind: "evaluation").count == 40)
  }

  @Test("lines that have been left out are counted, the newest is there, and what is added later fits")
  func long() throws {
    var text = ""
    for iteration in 1...20_001 { text += line(iteration) + line(iteration, "evaluation") }
    try write(text)
    var history = RunHistory()
    _ = try history.readOn(path: path)
    for kind in ["training", "evaluation"] {
      #expect(history.count(ofKind: kind) == 20_001)
      #expect(history.last(kind)?.iteration == 20_001)
      let iterations = history.lines(ofKind: kind).map(\.iteration).dropLast()
      let distances = Set(zip(iterations.dropFirst(), iterations).map { $0 - $1 })
      #expect(distances.count == 1, "evenly: \(distances)")
    }
    #expect(
      history.omissions
        == "The run is long: of its metrics 5,001 of 20,001 lines of training and 2,501 of 20,001 lines of evaluation "
        + "are shown.")
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    for part in 0..<5 {
      let begin = 20_002 + 3 * part
      try handle.write(contentsOf: Data((begin..<begin + 3).map { line($0) }.joined().utf8))
      let new = try history.readOn(path: path)
      #expect(!new.isAnew && new.lines.map(\.iteration) == [begin, begin + 1, begin + 2])
      #expect(history.last("training")?.iteration == begin + 2)
      let iterations = history.lines(ofKind: "training").map(\.iteration)
      #expect(iterations == iterations.sorted())
    }
    #expect(history.count(ofKind: "training") == 20_016)
    let anew = try RunHistory(path: path)
    #expect(anew.lines.map(\.iteration) == history.lines.map(\.iteration), "however it was read")
  }

  @Test("of kinds that come seldom the newest lines stay, all are counted")
  func newest() throws {
    var text = line(0, "reference")
    for iteration in 1...5_000 { text += line(iteration, "health") + line(iteration, "other") }
    try write(text)
    let history = try RunHistory(path: path)
    #expect(history.count(ofKind: "health") == 5_000)
    #expect(history.lines(ofKind: "health").map(\.iteration) == Array(5_001 - NewestLines.most...5_000))
    #expect(history.last("reference")?.iteration == 0 && history.last("other")?.iteration == 5_000)
    #expect(history.lines == history.lines(ofKind: "reference") + history.lines.filter { $0.kind != "reference" })
  }

  @Test("lines are taken as they are, wherever the pieces end, and whatever is between them")
  func pieces() throws {
    // As another program may have written them, and as none should.
    let text =
      line(1) + "{\"kind\": \"training\", \"iteration\": 2, \"loss\": 2}\n"
      + String(repeating: "z", count: 100_000) + "\n\u{0}\n\n"
      + "{\"iteration\":1,\"kind\":\"health\",\"reason\":\n" + line(3)
      + "{\"iteration\":4,\"kind\":\"training\",\"loss\":4}"
    let bytes = Array(text.utf8)
    let whole = RunHistory(bytes: bytes)
    #expect(whole.lines(ofKind: "training").map(\.iteration) == [1, 2, 3, 4] && whole.skipped == 3)
    #expect(whole.series("loss", of: "training").map(\.y) == [1, 2, 3, 4])
    for size in [1, 7, 65_536, 65_537, 99_999] {
      var reader = HistoryReader(RunHistory())
      for start in stride(from: 0, to: bytes.count, by: size) {
        bytes[start..<min(bytes.count, start + size)].withUnsafeBytes { reader.take($0) }
      }
      let found = reader.finish(isWhole: true).history
      #expect(found.lines == whole.lines && found.skipped == 3 && found.consumed == bytes.count, "\(size)")
    }
  }

  @Test("evaluations that a roll back has taken back do not count")
  func rolledBack() {
    let text =
      line(10, "evaluation") + line(20, "evaluation")
      + "{\"iteration\":15,\"kind\":\"health\",\"action\":\"rollBack\"}\n" + line(20, "evaluation")
      + line(30, "evaluation")
    let history = RunHistory(bytes: Array(text.utf8))
    #expect(history.lines(ofKind: "evaluation").count == 4)
    #expect(history.evaluations.map(\.place) == [0, 3, 4])
  }

  @Test("reading much ends where a stop is asked for, and nothing is lost by it")
  func stopped() throws {
    try write(line(1))
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    let many = Data(String(repeating: line(2), count: 100_000).utf8)
    for _ in 0..<15 { try handle.write(contentsOf: many) }
    let log = try MetricsLog(path: path)
    var history = RunHistory()
    #expect(throws: (any Error).self) { try history.readOn(log, isStopping: { true }) }
    #expect(history.isEmpty && history.consumed == 0)
    #expect(try history.readOn(log).isAnew && history.count(ofKind: "training") == 1_500_001)
  }
}

extension RunHistory.Line: Equatable {
  public static func == (a: RunHistory.Line, b: RunHistory.Line) -> Bool {
    (a.iteration, a.kind, a.place) == (b.iteration, b.kind, b.place) && a.numbers == b.numbers && a.texts == b.texts
  }
}
