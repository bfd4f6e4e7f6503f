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
}
