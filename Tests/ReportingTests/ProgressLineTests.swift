import Foundation
import Reporting
import Testing

@Suite struct ProgressLineTests {
  func values(_ iteration: Int) -> ProgressLine.Values {
    ProgressLine.Values(
      iteration: iteration, discriminatorLoss: 0.6514, generatorLoss: .nan, realAccuracy: 0.714, fakeAccuracy: 1)
  }

  /// What a run of 1,500 iterations with 64 images each writes, an iteration taking a hundredth of a second.
  func output(isTerminal: Bool, until last: Int) throws -> String {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/out"
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    defer { close(descriptor) }
    let line = ProgressLine(
      totalIterations: 1_500, samplesPerIteration: 64, descriptor: descriptor, isTerminal: isTerminal, now: 50)
    for iteration in 1...last { line.show(values(iteration), now: 50 + Double(iteration) / 100 + 1e-6) }
    line.finish()
    return String(decoding: try contents(path), as: UTF8.self)
  }

  @Test("elsewhere than on a terminal: a line every five seconds, with speed and time left")
  func plain() throws {
    let lines = try output(isTerminal: false, until: 1_400).split(separator: "\n")
    #expect(lines.count == 2)
    #expect(
      lines.first
        == "iteration 500/1,500  D 0.651  G nan  D right on real 71 % fake 100 %  6,400 images/s  0:11 left")
    #expect(lines.last?.hasPrefix("iteration 1,000/1,500 ") == true)
  }

  @Test("on a terminal: rewritten in place ten times a second, left standing at the end")
  func terminal() throws {
    let output = try output(isTerminal: true, until: 100)
    let shown = output.split(separator: "\r")
    #expect((9...10).contains(shown.count))
    #expect(shown.dropLast().allSatisfy { $0.hasPrefix("iteration ") && $0.hasSuffix("left\u{1B}[K") })
    #expect(output.hasSuffix("\u{1B}[K\n"))
  }

  @Test("output that fails ends the line, not the run")
  func broken() {
    let line = ProgressLine(totalIterations: 2, samplesPerIteration: 1, descriptor: -1, isTerminal: false, now: 0)
    line.show(values(1), now: 10)
    #expect(!line.isDue(now: 100))
  }
}
