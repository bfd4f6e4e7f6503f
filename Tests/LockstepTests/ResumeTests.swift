import Foundation
import TestSupport
import Testing

extension LockstepTests {
  @Suite struct ResumeTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Everything logged, a checkpoint every 30 iterations; pictures and evaluations at the end.
    private func train(_ output: String, _ more: String..., ranks: Int? = nil) throws -> Run {
      // A run that goes on from a checkpoint has the recipe of its own.
      let recipe = more.contains("--resume") && !more.contains("auto") ? [] : ["--recipe", "digits-dense"]
      return try Run(
        ["train", "--output", output, "--set", "log.everySeconds=0", "--set", "checkpoint.every=30"] + recipe + more,
        ranks: ranks, in: scratch)
    }

    private func expectEqual(_ a: String, _ b: String, iteration: Int) throws {
      #expect(try bytes(of: checkpoint(scratch / a, iteration)) == bytes(of: checkpoint(scratch / b, iteration)))
      #expect(try lines(of: scratch / "\(a)/metrics.jsonl") == lines(of: scratch / "\(b)/metrics.jsonl"))
    }

    @Test("60 iterations, resume, 40 more: the same files as of 100, later metrics cut back", arguments: [nil, 2])
    func resume(ranks: Int?) throws {
      try #require(ranks == nil || Launch.hasMPI)
      let settings = ["--set", "evaluation.every=30"]
      #expect(try train("whole", settings[0], settings[1], "--iterations", "100", ranks: ranks).status == 0)
      #expect(try train("parts", settings[0], settings[1], "--iterations", "60", ranks: ranks).status == 0)
      // RUN, which then holds 60 iterations of metrics, and the recipe of its own.
      let resumed = try train("parts", "--resume", "parts", "--iterations", "100", ranks: ranks)
      #expect(resumed.status == 0)
      #expect(resumed.errors.contains("going on from iteration 60 of parts/checkpoints/iteration-00000060.safetensors"))
      try expectEqual("parts", "whole", iteration: 100)
      // FILE, an older one: 31 to 100 are trained and logged again, in its own run.
      let again = try Run(
        "train", "--resume", "parts/checkpoints/iteration-00000060.safetensors", "--iterations", "100",
        ranks: ranks, in: scratch)
      #expect(again.status == 0)
      #expect(again.errors.contains("not gone on from in parts: 2 later checkpoints"))
      try expectEqual("parts", "whole", iteration: 100)
      // A file whose own recipe ends with it: there is nothing to do, so nothing is cut back.
      let done = try train("parts", "--resume", "parts/checkpoints/iteration-00000060.safetensors", ranks: ranks)
      #expect(done.status == 0)
      try expectEqual("parts", "whole", iteration: 100)
    }

    @Test("what a resume cuts off the metrics is kept until a checkpoint of its own stands")
    func keptMetrics() throws {
      let quiet = ["checkpoint.every=1000000", "evaluation.classifierIterations=0"].flatMap { ["--set", $0] }
      #expect(try train("run", quiet[0], quiet[1], quiet[2], quiet[3], "--iterations", "30").status == 0)
      let (metrics, kept) = (scratch / "run/metrics.jsonl", scratch / "run/metrics.before-resume.jsonl")
      let before = try bytes(of: metrics)
      let tail = Array("{\"iteration\":31,\"kind\":\"training\"}\n{\"iter".utf8)
      for expected in [tail.dropLast(6), tail.dropLast(6) + tail.dropLast(6)] {
        try scratch.write(before + tail, to: "run/metrics.jsonl")
        let job = try Job(
          ["train", "--resume", "auto", "--output", "run", "--iterations", "1000000", "--set", "log.everySeconds=0"],
          in: scratch)
        #expect(wait { metricsCount(scratch / "run") > 100 }, "\(job.errors)")
        #expect(try bytes(of: kept) == Array(expected))
        #expect(try bytes(of: metrics).starts(with: before))
        let isLast = expected.count > tail.count
        job.signal(isLast ? SIGTERM : SIGKILL)
        _ = job.end()
        #expect(exists(kept) != isLast, "\(job.errors)")
      }
    }

    @Test("--resume auto starts anew where there is no run, goes on where there is one, and knows the end")
    func automatic() throws {
      let first = try train("run", "--resume", "auto", "--iterations", "40")
      #expect(first.status == 0)
      #expect(!first.errors.contains("going on"))
      let second = try train("run", "--resume", "auto", "--iterations", "70")
      #expect(second.status == 0)
      #expect(second.errors.contains("going on from iteration 40"))
      #expect(exists(checkpoint(scratch / "run", 70)))
      let third = try train("run", "--resume", "auto", "--iterations", "70")
      #expect(third.status == 0)
      #expect(third.errors.contains("iteration 70 is the last already"))
    }

    @Test("a damaged newest checkpoint is skipped with a warning; the one before gives the same result")
    func damaged() throws {
      #expect(try train("whole", "--iterations", "90").status == 0)
      #expect(try train("run", "--iterations", "60").status == 0)
      let newest = checkpoint(scratch / "run", 60)
      var content = try bytes(of: newest)
      content[content.count - 100] ^= 0x10
      try scratch.write(content, to: "run/checkpoints/iteration-00000060.safetensors")
      let resumed = try train("run", "--resume", "auto", "--iterations", "90")
      #expect(resumed.status == 0)
      #expect(
        resumed.errors.contains("warning: skipped a checkpoint: run/checkpoints/iteration-00000060.safetensors: "))
      #expect(resumed.errors.contains("going on from iteration 30"))
      #expect(try bytes(of: newest) != content, "the damaged one has been replaced")
      #expect(try lines(of: scratch / "run/metrics.jsonl").filter { $0.contains(#""kind":"training""#) }.count == 90)
      #expect(try bytes(of: checkpoint(scratch / "run", 90)) == bytes(of: checkpoint(scratch / "whole", 90)))
      // Nothing whole left: nobody begins anew beside what may be somebody's work.
      for iteration in [30, 60, 90] {
        try scratch.write([1, 2, 3], to: "run/checkpoints/iteration-000000\(iteration).safetensors")
      }
      let metrics = try bytes(of: scratch / "run/metrics.jsonl")
      for resume in ["run", "auto"] {
        let none = try train("run", "--resume", resume, "--iterations", "20")
        #expect(none.status == 66)
        #expect(none.errors.contains("this run has no whole checkpoint; the newest: "))
        #expect(none.errors.contains("to start anew, move run/checkpoints away"))
      }
      #expect(try checkpointNames(scratch / "run").count == 3)
      #expect(try bytes(of: scratch / "run/metrics.jsonl") == metrics)
      try FileManager.default.moveItem(atPath: scratch / "run/checkpoints", toPath: scratch / "run/damaged")
      let anew = try train("run", "--resume", "auto", "--iterations", "20")
      #expect(anew.status == 0)
      #expect(exists(checkpoint(scratch / "run", 20)))
    }

    @Test("a run goes on elsewhere, and its own directory stays as it is")
    func elsewhere() throws {
      #expect(try train("first", "--iterations", "30").status == 0)
      let before = try lines(of: scratch / "first/metrics.jsonl")
      #expect(try train("second", "--resume", "first", "--iterations", "60").status == 0)
      #expect(exists(checkpoint(scratch / "second", 60)))
      #expect(!exists(checkpoint(scratch / "first", 60)))
      #expect(try lines(of: scratch / "first/metrics.jsonl") == before)
    }

    @Test("a run goes on with another number of ranks, within the bounds of agreement", .underMPI)
    func otherRanks() throws {
      let settings = smoothSettings + ["--set", "checkpoint.every=20"]
      #expect(
        try Run(
          ["train", "--recipe", "digits-dense", "--output", "whole", "--iterations", "40"] + settings, in: scratch
        ).status == 0)
      for ranks in [2, 3] {
        let output = ["--output", "on\(ranks)"]
        #expect(
          try Run(["train", "--recipe", "digits-dense", "--iterations", "20"] + output + settings, in: scratch).status
            == 0)
        let resumed = try Run(
          ["train", "--resume", "auto", "--iterations", "40"] + output + settings, ranks: ranks, in: scratch)
        #expect(resumed.status == 0)
        #expect(
          disagreements(
            try parameters(of: checkpoint(scratch / "on\(ranks)", 40)),
            try parameters(of: checkpoint(scratch / "whole", 40)), learningRate: 2e-4, iterations: 20) == [])
      }
    }

    @Test("another recipe, another model, another run's directory and what is no checkpoint are refused")
    func refusals() throws {
      #expect(try train("dense", "--iterations", "5").status == 0)
      #expect(try train("reference", "--recipe", "dense-reference", "--iterations", "5").status == 0)
      // A checkpoint as another program might write one: no recipe, other tensors.
      let header = #"{"weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
      try scratch.write(
        [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + [0, 0, 0, 0], to: "other.safetensors")
      for (arguments, status, message) in [
        (
          ["--output", "dense", "--resume", "auto", "--set", "training.batchSize=32", "--seed", "9"], 78,
          "(seed: 1 there, 9 here; training.batchSize: 64 there, 32 here)"
        ),
        (["--output", "x", "--resume", "reference", "--recipe", "digits-dense"], 78, "made by another recipe ("),
        (["--output", "x", "--resume", "other.safetensors"], 65, "no checkpoint of lockstep"),
        (["--output", "dense", "--resume", "reference"], 73, "dense holds a run of 5 iterations already"),
        (["--output", "dense"], 73, "dense holds a run of 5 iterations already; --resume auto goes on with it"),
        (["--output", "x", "--resume", "nowhere"], 66, "nowhere: there is no such run or checkpoint"),
        (["--output", "x", "--resume", "."], 66, "this run has no whole checkpoint"),
      ] as [([String], Int32, String)] {
        let run = try Run(["train"] + arguments, in: scratch)
        #expect(run.status == status, "\(arguments)")
        // The diff, then one line that refuses.
        #expect(run.errorLines.dropLast().allSatisfy { $0.hasPrefix("- ") || $0.hasPrefix("+ ") }, "\(run.errors)")
        #expect(run.errorLines.last?.contains(message) == true, "\(run.errors)")
        #expect(!exists(scratch / "x"))
      }
    }
  }
}
