import Foundation
import Testing

@testable import Reporting

@Suite struct RunHistoryTests {
  private func training(_ iterations: some Sequence<Int>) -> String {
    iterations.map { "{\"iteration\":\($0),\"kind\":\"training\",\"discriminatorLoss\":\($0).5}\n" }.joined()
  }

  @Test("of very many training lines some are kept, evenly, first and last among them; of others all")
  func thinned() {
    let evaluation = "{\"iteration\":7,\"kind\":\"evaluation\",\"verdict\":\"good\"}\n"
    let history = RunHistory(bytes: Array((training(1...30_000) + evaluation + training(30_001...30_003)).utf8))
    let series = history.series("discriminatorLoss", of: "training")
    #expect(series.count <= RunHistory.mostTrainingLines + 1 && series.count > RunHistory.mostTrainingLines / 3)
    #expect(series.first?.x == 1 && series.last?.x == 30_003 && series.last?.y == 30_003.5)
    let steps = Set(zip(series, series.dropFirst()).dropLast().map { $1.x - $0.x })
    #expect(steps.count == 1, "\(steps)")
    #expect(history.last("evaluation")?.texts["verdict"] == "good" && history.skipped == 0)
  }

  @Test("a history reads on where it stopped; a line that is half there comes when it is whole")
  func readOn() throws {
    let path = NSTemporaryDirectory() + "history-\(UUID().uuidString).jsonl"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let whole = Array((training(1...20_000) + "{\"iteration\":20000,\"kind\":\"evaluation\",\"roughness\":1}\n").utf8)
    var history = RunHistory()
    for end in [1_000, 1_030, 500_000, whole.count] {
      try Data(whole[..<end]).write(to: URL(fileURLWithPath: path))
      try history.readOn(path: path)
      #expect(history.skipped == (whole[end - 1] == UInt8(ascii: "\n") ? 0 : 1))
    }
    let atOnce = try RunHistory(path: path)
    for kind in ["training", "evaluation"] {
      #expect(history.lines(ofKind: kind).map(\.iteration) == atOnce.lines(ofKind: kind).map(\.iteration))
    }
    #expect(history.last("evaluation")?.numbers["roughness"] == 1)
    // Cut back, as a resumed run does: read from the start.
    try Data(training(1...3).utf8).write(to: URL(fileURLWithPath: path))
    try history.readOn(path: path)
    #expect(history.series("discriminatorLoss", of: "training").map(\.x) == [1, 2, 3])
  }
}
