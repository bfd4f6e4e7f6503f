import Foundation
import Testing

extension LockstepTests {
  /// Learning rates where a run goes on, and where they are told.
  @Suite struct LearningRateTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func train(_ output: String, _ iterations: Int, _ more: String..., ranks: Int? = nil) throws -> Run {
      let settings = [
        "log.everySeconds=0", "evaluation.every=0", "evaluation.classifierIterations=0", "checkpoint.every=20",
        "checkpoint.keep=100",
      ].flatMap { ["--set", $0] }
      let run = try Run(
        ["train", "--resume", "auto", "--output", output, "--iterations", "\(iterations)"] + settings + more,
        ranks: ranks, in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      return run
    }

    private let decaying = ["--recipe", "digits-dense", "--set", "training.learningRateDecay=linear"]

    /// A network's rate in every iteration, from the first.
    private func rates(_ output: String, of network: String = "generator") throws -> [Double] {
      try lines(of: scratch / "\(output)/metrics.jsonl").compactMap { line in
        let object = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        return object["kind"] as? String == "training" ? object["\(network)LearningRate"] as? Double : nil
      }
    }

    @Test("a finished run that goes on keeps the rate where it ended, says so, and so does the next one")
    func finished() throws {
      _ = try train("run", 100, decaying[0], decaying[1], decaying[2], decaying[3])
      let more = try train("run", 200)
      #expect(more.errors.contains("learning rates stay at 1 % of their start, where iteration 100 left them; "))
      for network in ["generator", "discriminator"] {
        let found = try rates("run", of: network)
        #expect(found.count == 200)
        #expect(zip(0..<100, found).allSatisfy { abs($1 - 0.002 * (1 - Double($0) / 100)) < 1e-8 })
        #expect(found[100...].allSatisfy { $0 == found[99] })
      }
      #expect(try lines(of: scratch / "run/recipe.yaml").contains("  learningRateIterations: 100"))
      // As the weights show it, too.
      let step = try [(80, 100), (100, 120)].map { try distance("run", $0, $1) }
      #expect(step[1] < step[0], "\(step)")
      #expect(try train("run", 240).errors.contains("learning rates stay at 1 %"))
      #expect(try rates("run").count == 240)
      #expect(try rates("run")[239] == rates("run")[99])
    }

    /// Between the generators of two checkpoints.
    private func distance(_ run: String, _ a: Int, _ b: Int) throws -> Double {
      let (x, y) = (
        try parameters(of: checkpoint(scratch / run, a)), try parameters(of: checkpoint(scratch / run, b))
      )
      return zip(x, y).reduce(0.0) { sum, pair in
        zip(pair.0.values, pair.1.values).reduce(sum) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
      }.squareRoot()
    }

    @Test("the advice of that line works, and so does any key of the decay")
    func asked() throws {
      _ = try train("run", 40, decaying[0], decaying[1], decaying[2], decaying[3])
      let spread = try train("run", 80, "--set", "training.learningRateIterations=80")
      #expect(spread.errors.contains("learning rates rise from 2.5 % to 50 % of their start, "), "\(spread.errors)")
      #expect(try abs(rates("run")[40] - 0.001) < 1e-8)
      let again = try train("run", 160, "--set", "training.learningRateDecay=linear")
      #expect(again.errors.contains("rise from 1.2 % to 50 %"), "\(again.errors)")
      let none = try train("run", 320, "--set", "training.learningRateIterations=none")
      #expect(none.errors.contains("rise from 0.62 % to 50 %"), "\(none.errors)")
      #expect(try abs(rates("run")[319] - 0.002 / 320) < 1e-9)
    }

    @Test("killed at half and prolonged, shortened, or before its rates fall: no step up", arguments: [nil, 2])
    func unfinished(ranks: Int?) throws {
      try #require(ranks == nil || Launch.hasMPI)
      for (name, start, stop, asked, next) in [
        ("half", "0", 60, 200, 0.4), ("shortened", "0.5", 60, 80, 0.8), ("full", "0.5", 40, 200, 1),
      ] {
        let set = ["--set", "training.learningRateDecayStart=\(start)"]
        _ = try train(name, 100, decaying[0], decaying[1], decaying[2], decaying[3], set[0], set[1], ranks: ranks)
        // As if it had been killed then.
        for later in stride(from: stop + 20, through: 100, by: 20) {
          try FileManager.default.removeItem(atPath: checkpoint(scratch / name, later))
        }
        let resumed = try train(name, asked, ranks: ranks)
        #expect(resumed.errors.contains("learning rates "), "\(resumed.errors)")
        let found = try rates(name)
        #expect(found.count == asked)
        #expect(abs(found[stop] - 0.002 * next) < 1e-8, "\(name): \(found[stop - 1]), \(found[stop])")
        #expect(zip(found, found.dropFirst()).allSatisfy { $0 >= $1 })
      }
    }

    @Test("the report has the rates, in words and as a curve; a run whose length stays is the same bit for bit")
    func told() throws {
      let arguments = (decaying[0], decaying[1], decaying[2], decaying[3])
      _ = try train("whole", 60, arguments.0, arguments.1, arguments.2, arguments.3)
      _ = try train("parts", 60, arguments.0, arguments.1, arguments.2, arguments.3)
      try FileManager.default.removeItem(atPath: checkpoint(scratch / "parts", 60))
      #expect(try train("parts", 60).errors.contains("learning rates go on at 33 % of their start, down to 1.7 % in"))
      try expectSame(scratch / "whole", scratch / "parts", iteration: 60)
      let page = String(decoding: try bytes(of: scratch / "whole/report.html"), as: UTF8.self)
      #expect(page.contains(">learning rates</text>"))
      #expect(
        page.contains(
          "Learning rates: in iteration 1 generator 0.002, discriminator 0.002; "
            + "in iteration 60 generator 0.00003333, discriminator 0.00003333."))
      let events = String(
        decoding: try bytes(of: scratch / "whole/events.out.tfevents.lockstep"), as: Unicode.ASCII.self)
      #expect(
        events.contains("training/generatorLearningRate") && events.contains("training/discriminatorLearningRate"))
    }

    @Test("what a roll back makes of the rates shows in them")
    func rolledBack() throws {
      // A norm that no gradient keeps below.
      let run = try Run(
        [
          "train", "--recipe", "digits-dense", "--output", "run", "--iterations", "80", "--set", "log.everySeconds=0",
          "--set", "checkpoint.every=10", "--set", "health.gradientNorm=rollBack", "--set",
          "health.gradientNormDeviations=0.01", "--set", "health.window=20", "--set", "evaluation.every=0", "--set",
          "evaluation.classifierIterations=0",
        ], in: scratch)
      #expect(run.errors.contains("learning rates × 0.5"), "\(run.errors)")
      let found = try rates("run")
      #expect(found[0] == 0.002 && found.contains(0.001), "\(found)")
    }
  }
}
