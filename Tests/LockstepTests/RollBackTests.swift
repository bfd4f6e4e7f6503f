import Checkpoints
import Foundation
import Testing

extension LockstepTests {
  /// What a roll back needs, and what it leaves behind.
  @Suite struct RollBackTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let base = [
      "log.everySeconds=0", "checkpoint.every=5", "evaluation.samples=64", "evaluation.classifierIterations=20",
    ]
    /// The discriminator always wins from iteration 102 on, and at iteration 300 samples are found to be alike.
    private static let saturated = [
      "training.generatorLearningRate=1e-9", "health.window=50", "health.saturationAccuracy=0.95",
      "evaluation.every=300", "health.collapse=rollBack", "health.collapseSpread=1",
    ]
    private func train(_ settings: [String], iterations: Int, output: String = "run") throws -> Run {
      try Run(
        ["train", "--recipe", "digits-dense", "--resume", "auto", "--output", output, "--iterations", "\(iterations)"]
          + (Self.base + settings).flatMap { ["--set", $0] }, in: scratch)
    }

    /// Goes on with another `health` section.
    private func goOn(_ health: [String], iterations: Int, output: String = "run") throws -> Run {
      try Run(
        ["train", "--resume", "auto", "--output", output, "--iterations", "\(iterations)", "--allow-change", "health"]
          + health.flatMap { ["--set", $0] }, in: scratch)
    }

    private func iterations(_ run: String = "run") throws -> [Int] {
      try checkpointNames(scratch / run).compactMap { Int($0.dropFirst(10).prefix(8)) }
    }

    private func metadata(_ run: String, _ iteration: Int) throws -> [String: String] {
      try SafetensorsFile(path: checkpoint(scratch / run, iteration)).metadata
    }

    /// Where roll backs have gone to, and from where.
    private func rollBacks(_ run: String = "run") throws -> [[Int]] {
      try lines(of: scratch / "\(run)/metrics.jsonl").compactMap { line in
        let fields = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        guard fields?["action"] as? String == "rollBack", let to = fields?["iteration"] as? Int,
          let from = fields?["fromIteration"] as? Int
        else { return nil }
        return [to, from]
      }
    }

    @Test("healthy checkpoints outlive a long time without any: roll backs go to one, then the one before")
    func retention() throws {
      let run = try train(Self.saturated + ["health.mostRollBacks=2"], iterations: 300)
      #expect(run.status == 1, "three are too many: \(run.errors)")
      #expect(try rollBacks() == [[100, 300], [95, 300]])
      #expect(try iterations() == [95, 100, 285, 290, 295])
    }

    @Test("a resume finds the healthy ones that there are, and keeps them")
    func resumed() throws {
      let settings = Self.saturated.map { $0 == "evaluation.every=300" ? "evaluation.every=0" : $0 }
      let quiet = settings.map { $0 == "health.collapse=rollBack" ? "health.collapse=off" : $0 }
      #expect(try train(quiet, iterations: 150).status == 0)
      #expect(try iterations() == [95, 100, 140, 145, 150])
      let run = try goOn(["health.collapse=rollBack", "health.mostRollBacks=1"], iterations: 190)
      #expect(run.errors.contains("back to iteration 100, learning rates × 0.5"), "\(run.errors)")
      #expect(try rollBacks() == [[100, 190]])
    }

    @Test("after a roll back the best checkpoint is what it was then, and it is there")
    func best() throws {
      let settings = [
        "checkpoint.keepBest=spread", "checkpoint.keep=1", "checkpoint.every=20", "evaluation.every=10",
        "health.collapse=off",
      ]
      #expect(try train(Self.saturated.prefix(3) + settings, iterations: 200).status == 0)
      let before = try metadata("run", 100)["bestIteration"].flatMap(Int.init) ?? 0
      let abandoned = try metadata("run", 200)["bestIteration"].flatMap(Int.init) ?? 0
      try #require(before > 0 && before < 100 && abandoned > 100, "\(before), \(abandoned)")
      #expect(try iterations() == [before, 100, abandoned, 200])
      // Samples are alike at 210, and once more at 110.
      let run = try goOn(
        ["health.collapse=rollBack", "health.collapseSpread=1", "health.mostRollBacks=1"], iterations: 210)
      #expect(run.status == 1 && run.errors.contains("back to iteration 100"), "\(run.errors)")
      #expect(try metadata("run", 100)["bestIteration"] == "\(before)")
      #expect(try metadata("run", 100)["rollBackTargets"] == "100")
      #expect(try iterations() == [before, 100])
    }

    @Test("killed anywhere behind a roll back, a run goes on from it and ends as the undisturbed one")
    func killed() throws {
      let settings =
        Self.saturated.map { $0 == "evaluation.every=300" ? "evaluation.every=150" : $0 } + ["checkpoint.keep=100"]
      // Goes back three times, ends at the fourth.
      _ = try train(settings + ["health.mostRollBacks=3"], iterations: 150, output: "whole")
      #expect(try rollBacks("whole") == [[100, 150], [95, 150], [90, 150]])
      // The same after the first, and before it.
      _ = try train(settings + ["health.mostRollBacks=1"], iterations: 150, output: "first")
      _ = try train(settings + ["health.mostRollBacks=0"], iterations: 150, output: "none")
      let told = try metadata("first", 100)
      #expect(told["rollBackTargets"] == "100" && told["isHealthy"] == "true")
      #expect(told["health"]?.contains("learningRateFactor=3fe0000000000000") == true, "0.5: \(told["health"] ?? "")")
      let abandoned = try metadata("none", 145)
      #expect(abandoned["rollBackTargets"] == nil && abandoned["isHealthy"] == "false")
      for leftOver in [false, true] {
        let name = leftOver ? "leftOver" : "clean"
        try FileManager.default.copyItem(atPath: scratch / "first", toPath: scratch / name)
        for later in try iterations("first") where later > 100 {
          try FileManager.default.removeItem(atPath: checkpoint(scratch / name, later))
          // Killed before what the roll back gave up was removed.
          guard leftOver else { continue }
          try FileManager.default.copyItem(
            atPath: checkpoint(scratch / "none", later), toPath: checkpoint(scratch / name, later))
        }
        let resumed = try goOn(["health.mostRollBacks=3"], iterations: 150, output: name)
        #expect(resumed.status == 1, "\(resumed.errors)")
        let (found, expected) = (
          try parameters(of: checkpoint(scratch / name, 145)), try parameters(of: checkpoint(scratch / "whole", 145))
        )
        #expect(found.map(\.values) == expected.map(\.values), "\(name)")
        #expect(try metadata(name, 145)["rollBackTargets"] == "90 95 100")
        let (here, there) = (scratch / "\(name)/metrics.jsonl", scratch / "whole/metrics.jsonl")
        #expect(try lines(of: here) == lines(of: there), "\(name)")
      }
    }
  }
}
