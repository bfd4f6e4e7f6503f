import Foundation
import Testing

extension LockstepTests {
  /// What others do to a run's directory.
  @Suite struct DirectoryTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func move(_ a: String, to b: String) throws {
      try FileManager.default.moveItem(atPath: scratch / a, toPath: scratch / b)
    }

    /// All files in a run's directory, by name; the one that is open for what others should know left out.
    private func contents(_ run: String) throws -> [String: [UInt8]] {
      let names = try FileManager.default.subpathsOfDirectory(atPath: scratch / run)
      return Dictionary(
        uniqueKeysWithValues: try names.filter { name in
          let isFile =
            try FileManager.default.attributesOfItem(atPath: scratch / "\(run)/\(name)")[.type] as? FileAttributeType
          return name != ".lock" && isFile == .typeRegular
        }.map { ($0, try bytes(of: scratch / "\(run)/\($0)")) })
    }

    @Test("a run whose directory is moved ends there as if alone, and so does the next one under its name")
    func moved() throws {
      let length = ["--iterations", "600"]
      let settings = ["checkpoint.every=50", "checkpoint.keep=2"]
      for (run, seed) in [("first", "1"), ("second", "2")] {
        let whole = try Run(quickTraining(run, settings[0], settings[1]) + length + ["--seed", seed], in: scratch)
        #expect(whole.status == 0, "\(whole.errors)")
      }
      let first = try Job(quickTraining("up/run", settings[0], settings[1]) + length, in: scratch)
      try #require(wait { exists(checkpoint(scratch / "up/run", 50)) || metricsCount(scratch / "up/run") > 60 })
      first.signal(SIGSTOP)
      try move("up/run", to: "away")
      first.signal(SIGCONT)
      let second = try Run(
        quickTraining("up/run", settings[0], settings[1]) + length + ["--seed", "2"], in: scratch)
      #expect(second.status == 0, "\(second.errors)")
      #expect(first.end() == 0, "\(first.errors)")
      let line = "warning: up/run is not the directory any more that this run writes into: that is "
      #expect(first.errors.split(separator: "\n").count { $0.hasPrefix(line) } == 1, "\(first.errors)")
      for (moved, alone) in [("away", "first"), ("up/run", "second")] {
        #expect(try checkpointNames(scratch / moved) == checkpointNames(scratch / alone))
        #expect(try bytes(of: checkpoint(scratch / moved, 600)) == bytes(of: checkpoint(scratch / alone, 600)))
        #expect(metricsCount(scratch / moved) == metricsCount(scratch / alone))
      }
    }

    @Test("a directory that is removed while its run goes on is made anew, and nothing of the run is lost")
    func removed() throws {
      let job = try Job(quickTraining("run", "checkpoint.every=50") + ["--iterations", "1000000"], in: scratch)
      try #require(wait { exists(checkpoint(scratch / "run", 50)) || metricsCount(scratch / "run") > 60 })
      try FileManager.default.removeItem(atPath: scratch / "run")
      #expect(wait { (try? checkpointNames(scratch / "run"))?.isEmpty == false }, "\(job.errors)")
      job.signal(SIGUSR1)
      #expect(job.end() == 75, "\(job.errors)")
      #expect(job.errors.contains("warning: run was removed; it is made anew, and the run goes on there"))
      let iteration = try newestIteration(scratch / "run")
      #expect(metricsCount(scratch / "run") == iteration)
      let next = try Run(quickTraining("run") + ["--iterations", "\(iteration + 1)"], in: scratch)
      #expect(next.status == 0 && next.errors.contains("going on from iteration "), "\(next.errors)")
    }

    @Test("checkpoints that cannot be read are no reason to begin anew: nothing is changed")
    func unreadable() throws {
      let run = quickTraining("run", "checkpoint.every=20", "checkpoint.keep=9")
      #expect(try Run(run + ["--iterations", "60"], in: scratch).status == 0)
      try move("run/checkpoints/iteration-00000060.safetensors", to: "kept")
      // As good as a file without the right to read it, which root has.
      let newest = checkpoint(scratch / "run", 60)
      try FileManager.default.createSymbolicLink(atPath: newest, withDestinationPath: newest)
      let before = try contents("run")
      for arguments in [
        run + ["--iterations", "90"], ["train", "--resume", "run", "--iterations", "90"],
        ["sample", "run", "--output", "x.png"], ["evaluate", "run"], ["inspect", "run"],
      ] {
        let refused = try Run(arguments, in: scratch)
        #expect(refused.status == 66, "\(refused.errors)")
        #expect(refused.errorLines.count == 1 && refused.errors.contains("iteration-00000060.safetensors: cannot open"))
      }
      #expect(try contents("run") == before)
      try FileManager.default.removeItem(atPath: newest)
      try move("kept", to: "run/checkpoints/iteration-00000060.safetensors")
      let next = try Run(run + ["--iterations", "90"], in: scratch)
      #expect(next.status == 0 && next.errors.contains("going on from iteration 60"), "\(next.errors)")
    }

    @Test("a copy under a higher name and another run's checkpoint are passed over, and stay")
    func names() throws {
      let run = quickTraining("run", "checkpoint.every=20", "checkpoint.keep=2")
      #expect(try Run(run + ["--iterations", "60"], in: scratch).status == 0)
      #expect(try Run(quickTraining("other") + ["--iterations", "70", "--seed", "5"], in: scratch).status == 0)
      let wrong = checkpoint(scratch / "run", 9_000)
      try FileManager.default.copyItem(atPath: checkpoint(scratch / "run", 40), toPath: wrong)
      let foreign = checkpoint(scratch / "run", 70)
      try FileManager.default.copyItem(atPath: checkpoint(scratch / "other", 70), toPath: foreign)
      let kept = try [wrong, foreign].map(bytes)
      let next = try Run(run + ["--iterations", "100"], in: scratch)
      #expect(next.status == 0 && next.errors.contains("going on from iteration 60"), "\(next.errors)")
      for words in [
        "is the checkpoint of iteration 40, not of iteration 9,000", "is of another run than this directory",
      ] {
        #expect(
          next.errors.split(separator: "\n").count { $0.contains("skipped a checkpoint: ") && $0.contains(words) } == 1)
      }
      #expect(try [wrong, foreign].map(bytes) == kept)
      #expect(try checkpointNames(scratch / "run").count == 4)
      let listed = try Run("inspect", "run", in: scratch)
      #expect(listed.status == 65 && listed.output.contains("is the checkpoint of iteration 40"), "\(listed.output)")
      // Named by the user, what it holds counts.
      let named = try Run("train", "--resume", wrong, "--output", "elsewhere", "--iterations", "50", in: scratch)
      #expect(named.status == 0 && named.errors.contains("going on from iteration 40"), "\(named.errors)")
    }

    @Test(
      "nothing is written through a link in a run's directory", arguments: ["metrics.jsonl", ".lock", "recipe.yaml"])
    func links(name: String) throws {
      try scratch.write(Array("mine\n".utf8), to: "victim")
      try FileManager.default.createDirectory(atPath: scratch / "scratch", withIntermediateDirectories: false)
      // The directory itself may be a link, as to a scratch disk.
      try FileManager.default.createSymbolicLink(atPath: scratch / "run", withDestinationPath: "scratch")
      try FileManager.default.createSymbolicLink(atPath: scratch / "run/\(name)", withDestinationPath: "../victim")
      let refused = try Run(quickTraining("run") + ["--iterations", "5"], in: scratch)
      #expect(refused.status == 73, "\(refused.errors)")
      #expect(
        refused.errors.contains("run/\(name): is a symbolic link, which is not written through; "), "\(refused.errors)")
      #expect(try lines(of: scratch / "victim") == ["mine"])
      try FileManager.default.removeItem(atPath: scratch / "run/\(name)")
      #expect(try Run(quickTraining("run") + ["--iterations", "5"], in: scratch).status == 0)
      #expect(exists(checkpoint(scratch / "scratch", 5)))
    }
  }
}
