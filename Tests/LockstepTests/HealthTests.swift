import Foundation
import Testing

extension LockstepTests {
  /// Every detector, triggered by a recipe that really goes wrong.
  @Suite struct HealthTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func train(_ settings: String..., iterations: Int = 200, ranks: Int? = nil) throws -> Run {
      try Run(
        [
          "train", "--recipe", "digits-dense", "--output", "run", "--iterations", "\(iterations)", "--set",
          "evaluation.every=0", "--set", "checkpoint.every=5", "--set", "log.everySeconds=0",
        ]
          + settings.flatMap { ["--set", $0] }, ranks: ranks, in: scratch)
    }

    private static let exploding = ["training.generatorLearningRate=10", "training.discriminatorLearningRate=10"]

    /// The lines about health: detector and action of each.
    private func incidents(of run: String = "run") throws -> [(detector: String, action: String, iteration: Int)] {
      try lines(of: scratch / "\(run)/metrics.jsonl").compactMap { line in
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        guard object?["kind"] as? String == "health", let detector = object?["detector"] as? String,
          let action = object?["action"] as? String, let iteration = object?["iteration"] as? Int
        else { return nil }
        return (detector, action, iteration)
      }
    }

    @Test("losses that are not finite roll the run back to a slower start, on 1 and 2 ranks", arguments: [nil, 2])
    func rollBack(ranks: Int?) throws {
      guard ranks == nil || Launch.hasMPI else { return }
      let run = try train(Self.exploding[0], Self.exploding[1], iterations: 100, ranks: ranks)
      #expect(run.status == 0, "\(run.errors)")
      let first = try #require(try incidents().first)
      #expect(first.detector == "nonFinite" && first.action == "rollBack")
      #expect(run.errors.contains("; back to iteration "))
      #expect(run.errors.contains("learning rates × 0.5"))
    }

    @Test("the same recipe skips or stops where it says so")
    func skipAndStop() throws {
      let skipped = try train(Self.exploding[0], Self.exploding[1], "health.nonFinite=skip", iterations: 60)
      #expect(try incidents().first?.action == "skip")
      #expect(skipped.errors.contains("; the update is left out"))
      try FileManager.default.removeItem(atPath: scratch / "run")
      let stopped = try train(Self.exploding[0], Self.exploding[1], "health.nonFinite=stop")
      #expect(stopped.status == 1)
      #expect(stopped.errorLines.last?.contains("the recipe says to stop then (health.nonFinite)") == true)
      #expect(stopped.errorLines.last?.contains("the newest checkpoint is run/checkpoints/iteration-") == true)
      let state = try Run("inspect", "run", in: scratch)
      #expect(state.status == 0, "what was saved before is whole")
    }

    @Test("a discriminator that always wins is found, and waits where the recipe says so")
    func saturation() throws {
      let run = try train(
        "training.generatorLearningRate=1e-9", "health.window=50", "health.saturationAccuracy=0.95",
        "health.saturation=skip", iterations: 300)
      #expect(run.status == 0)
      #expect(try incidents().first.map { $0.detector == "saturation" && $0.action == "skip" } == true)
      #expect(run.errors.contains("so the generator learns next to nothing; its updates are left out until it is not"))
    }

    @Test("unusual gradients are found by their distance from the usual ones")
    func gradientNorm() throws {
      let run = try train(
        "health.window=20", "health.gradientNormDeviations=2", "health.gradientNorm=skip", iterations: 150)
      #expect(run.status == 0)
      #expect(try incidents().first?.detector == "gradientNorm")
      #expect(run.errors.contains("'s gradient has length "))
    }

    @Test("samples that are all alike are found at the evaluation")
    func collapse() throws {
      let run = try train(
        "model.noiseSize=1", "training.averageDecay=none", "evaluation.every=100", "health.collapseSpread=0.3",
        "health.collapse=stop")
      #expect(run.status == 1)
      #expect(run.errorLines.last?.contains("samples of class ") == true, "\(run.errors)")
      #expect(try incidents().last.map { $0.detector == "collapse" && $0.iteration == 100 } == true)
    }

    @Test("--check-finite names the operation and the layer that made the first number that is not finite")
    func checkFinite() throws {
      let run = try Run(
        ["train", "--recipe", "digits-dense", "--output", "run", "--iterations", "200", "--check-finite"]
          + Self.exploding.flatMap { ["--set", $0] }, in: scratch)
      #expect(run.status == 1)
      #expect(run.errors.contains("; everything before it was finite"), "\(run.errors)")
      #expect(run.errors.contains(" of generator/") || run.errors.contains(" of discriminator/"), "\(run.errors)")
    }

    @Test("a run that rolled back, killed and resumed, does the same again")
    func replay() throws {
      #expect(try train(Self.exploding[0], Self.exploding[1], iterations: 80).status == 0)
      let whole = try incidents().map { "\($0)" }
      let expected = try parameters(of: checkpoint(scratch / "run", 80))
      // The same in two pieces.
      try FileManager.default.removeItem(atPath: scratch / "run")
      let settings = ["checkpoint.keep=100"] + Self.exploding
      let short = try Run(
        [
          "train", "--recipe", "digits-dense", "--output", "run", "--iterations", "20", "--set", "evaluation.every=0",
          "--set", "checkpoint.every=5", "--set", "log.everySeconds=0",
        ] + settings.flatMap { ["--set", $0] },
        in: scratch)
      #expect(short.status == 0)
      let resumed = try Run(
        ["train", "--resume", "auto", "--output", "run", "--iterations", "80"], in: scratch)
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(try incidents().map { "\($0)" }.suffix(whole.count) == whole.suffix(whole.count))
      let found = try parameters(of: checkpoint(scratch / "run", 80))
      #expect(found.map(\.name) == expected.map(\.name) && found.map(\.values) == expected.map(\.values))
    }
  }
}
