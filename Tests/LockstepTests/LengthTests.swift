import Foundation
import Testing

extension LockstepTests {
  /// How long a run trains: by time, by samples.
  @Suite struct LengthTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func recipeValue(_ key: String, _ output: String) throws -> Int {
      let line = try #require(lines(of: scratch / "\(output)/recipe.yaml").first { $0.hasPrefix("  \(key): ") })
      return try #require(Int(line.dropFirst(key.count + 4)))
    }

    @Test(
      "--hours ends in time with the last evaluation and checkpoint, and decays over what it planned",
      arguments: [nil, 2])
    func hours(ranks: Int?) throws {
      try #require(ranks == nil || Launch.hasMPI)
      let start = Date()
      let run = try Run(
        ["train", "--recipe", "digits-dense", "--output", "run", "--hours", "0.002", "--set", "log.everySeconds=0"]
          + ["--set", "training.learningRateDecay=linear", "--set", "training.learningRateEnd=0.1"], ranks: ranks,
        in: scratch)
      let seconds = Date().timeIntervalSince(start)
      #expect(run.status == 0, "\(run.errors)")
      // The machine may have other work; mpirun's own time is not the program's.
      #expect((6.3...10).contains(seconds), "\(seconds) s in place of 7.2")
      #expect(run.errors.contains("0.002 hours are about "), "\(run.errors)")
      #expect(run.errors.contains(" images a second; learning rates go down over these"))
      let iterations = try recipeValue("iterations", "run")
      #expect(try newestIteration(scratch / "run") == iterations)
      let last = try lines(of: scratch / "run/metrics.jsonl").last { $0.contains("\"kind\":\"training\"") }
      let rate = try #require(last?.firstMatch(of: /"generatorLearningRate":([0-9.e-]+)/).flatMap { Double($0.1) })
      #expect(abs(rate - 0.0002) < 0.00001, "\(rate)")
      #expect(
        try lines(of: scratch / "run/metrics.jsonl").last?.hasPrefix(
          "{\"iteration\":\(iterations),\"kind\":\"evaluation\"") == true)
      // The planned number is the run's: going on has nothing to do.
      let again = try Run("train", "--resume", "auto", "--output", "run", ranks: ranks, in: scratch)
      #expect(again.errors.contains("is the last already"), "\(again.errors)")
    }

    @Test("--hours of a finished run go on from there, at the rate where it ended")
    func more() throws {
      let decay = ["--set", "training.learningRateDecay=linear"]
      #expect(try Run(quickTraining("run") + decay + ["--iterations", "50"], in: scratch).status == 0)
      let more = try Run("train", "--resume", "auto", "--output", "run", "--hours", "0.0005", in: scratch)
      #expect(more.status == 0, "\(more.errors)")
      #expect(more.errors.contains(" iterations in all at "), "\(more.errors)")
      #expect(more.errors.contains("learning rates stay at 2 % of their start, where iteration 50 left them"))
      #expect(try recipeValue("iterations", "run") > 100)
      #expect(try recipeValue("learningRateIterations", "run") == 50)
      let rates = try lines(of: scratch / "run/metrics.jsonl").compactMap {
        $0.firstMatch(of: /"generatorLearningRate":([0-9.e-]+)/).flatMap { Double($0.1) }
      }
      #expect(rates.dropFirst(49).allSatisfy { abs($0 - 0.00004) < 1e-9 })
    }

    @Test(
      "a run that was to train for a time goes on after a stop to what was planned, bit for bit as often as one likes")
    func stopped() throws {
      let job = try Job(quickTraining("run") + ["--hours", "0.01"], in: scratch)
      #expect(wait { metricsCount(scratch / "run") > 200 })
      job.signal(SIGTERM)
      #expect(job.end() == 75, "\(job.errors)")
      let planned = try recipeValue("iterations", "run")
      #expect(planned > 200)
      // The rest takes long: to the same end from two copies.
      let stop = try newestIteration(scratch / "run")
      for copy in ["a", "b"] {
        try FileManager.default.copyItem(atPath: scratch / "run", toPath: scratch / copy)
        #expect(try Run(quickTraining(copy) + ["--iterations", "\(stop + 40)"], in: scratch).status == 0)
      }
      try expectSame(scratch / "a", scratch / "b", iteration: stop + 40)
    }

    @Test("--images are as many iterations as hold so many", arguments: [(640, 10), (641, 11), (1, 1)])
    func images(images: Int, iterations: Int) throws {
      let run = try Run(quickTraining("run") + ["--images", "\(images)"], in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("\(images) images are \(iterations) iterations of 64"), "\(run.errors)")
      #expect(try newestIteration(scratch / "run") == iterations)
      #expect(try recipeValue("iterations", "run") == iterations)
    }

    @Test("lengths that are none, and two at once, are refused before anything is written")
    func refusals() throws {
      for (arguments, message) in [
        (["--hours", "0"], "--hours 0.0: must be above 0"), (["--hours", "-1"], "--hours"),
        (["--hours", "nan"], "--hours nan: must be above 0"), (["--hours", "1e9"], "at most 100,000"),
        (["--images", "0"], "--images 0: must be from 1"),
        (["--iterations", "0"], "--iterations 0: must be at least 1"),
        (["--hours", "1", "--iterations", "5"], "--iterations and --hours each say how long to train"),
        (["--images", "64", "--hours", "1"], "--images and --hours each say how long to train"),
      ] {
        let run = try Run(["train", "--output", "x"] + arguments, in: scratch)
        #expect(run.status == 64, "\(arguments): \(run.errors)")
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(!exists(scratch / "x"))
      }
    }
  }
}
