import Foundation
import Testing

extension LockstepTests {
  @Suite struct RetentionTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func kept(_ settings: String..., iterations: Int = 60) throws -> [Int] {
      let run = try Run(
        quickTraining("run") + settings.flatMap { ["--set", $0] } + ["--iterations", "\(iterations)"], in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      return try checkpointNames(scratch / "run").compactMap { Int($0.dropFirst(10).prefix(8)) }
    }

    @Test("the newest ones and those of every n-th iteration stay")
    func newest() throws {
      #expect(try kept("checkpoint.every=5", "checkpoint.keep=2", "checkpoint.keepEvery=20") == [20, 40, 55, 60])
      // A resumed run keeps on, and none of those that were kept goes.
      #expect(
        try kept("checkpoint.every=5", "checkpoint.keep=1", "checkpoint.keepEvery=20", iterations: 70)
          == [20, 40, 60, 70])
    }

    @Test(
      "the one with the best evaluation stays, over a resume, too", arguments: ["recognised", "spread", "coverage"])
    func best(metric: String) throws {
      let settings = [
        "checkpoint.keepBest=\(metric)", "checkpoint.keep=1", "checkpoint.every=20", "evaluation.every=10",
        "evaluation.classifierIterations=20", "evaluation.samples=64",
      ]
      for iterations in [60, 90] {
        let found = try kept(
          settings[0], settings[1], settings[2], settings[3], settings[4], settings[5], iterations: iterations)
        // The first of the highest values in the evaluations so far.
        let keys = ["recognised": "classAccuracy", "spread": "classSpread", "coverage": "coverage"]
        let key = try #require(keys[metric])
        var best: (iteration: Int, value: Double)?
        for line in try lines(of: scratch / "run/metrics.jsonl") {
          let fields = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
          guard fields["kind"] as? String == "evaluation", let iteration = fields["iteration"] as? Int,
            let value = fields[key] as? Double
          else { continue }
          if value > best?.value ?? -1 { best = (iteration, value) }
        }
        #expect(found == Set([try #require(best).iteration, iterations]).sorted())
      }
    }
  }
}
