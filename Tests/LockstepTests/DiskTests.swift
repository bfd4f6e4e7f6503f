import Foundation
import Testing

extension LockstepTests {
  /// A disk that takes no checkpoint: training goes on, and whoever loses work by it learns of it.
  @Suite struct DiskTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func start(_ output: String) throws -> Job {
      try Job(quickTraining(output, "checkpoint.every=20") + ["--iterations", "1000000"], in: scratch)
    }

    /// Puts something in the way, even of root, whom permissions do not stop.
    private func obstruct() throws {
      // The name is that of a directory until the last moment and then of a file.
      try #require(rename(scratch / "run/checkpoints", scratch / "aside") == 0)
      try scratch.write([0], to: "run/checkpoints")
    }

    @Test("checkpoints that cannot be written are warned of, training goes on, and later ones are written again")
    func recovery() throws {
      let job = try start("run")
      try #require(wait { exists(checkpoint(scratch / "run", 20)) }, "\(job.errors)")
      try obstruct()
      try #require(wait { job.errors.contains("warning: no checkpoint was written: run/checkpoints/") })
      #expect(job.errors.contains("; training goes on, the next one is tried as usual"))
      let trained = metricsCount(scratch / "run")
      #expect(wait { metricsCount(scratch / "run") > trained + 40 }, "it trains")
      let saved = try FileManager.default.contentsOfDirectory(atPath: scratch / "aside").sorted()
      #expect(!saved.isEmpty && saved.allSatisfy { $0.hasPrefix("iteration-") }, "what was good stays: \(saved)")
      try FileManager.default.removeItem(atPath: scratch / "run/checkpoints")
      try #require(rename(scratch / "aside", scratch / "run/checkpoints") == 0)
      #expect(wait { job.errors.contains("checkpoints are written again: run/checkpoints/iteration-") })
      job.signal(SIGUSR1)
      #expect(job.end() == 75)
      #expect(try Run("inspect", "run", in: scratch).status == 0)
    }

    @Test("a run whose last checkpoint cannot be written ends with 73 and says why")
    func lost() throws {
      let job = try start("run")
      try #require(wait { exists(checkpoint(scratch / "run", 20)) }, "\(job.errors)")
      try obstruct()
      job.signal(SIGUSR1)
      #expect(job.end() == 73)
      #expect(
        job.lastLine.hasPrefix("lockstep: the last checkpoint could not be written: run/checkpoints/"),
        "\(job.errors)")
    }

    @Test("a full disk costs neither the run nor the checkpoint before, and room that is made is used")
    func full() throws {
      // Four checkpoints' room; only root may make such a disk.
      try FileManager.default.createDirectory(atPath: scratch / "small", withIntermediateDirectories: true)
      guard Self.execute("mount", "-t", "tmpfs", "-o", "size=11m", "tmpfs", scratch / "small") else { return }
      defer { #expect(Self.execute("umount", "-l", scratch / "small")) }
      let job = try start("small/run")
      defer {
        job.signal(SIGKILL)
        _ = job.end()
      }
      try #require(wait { exists(checkpoint(scratch / "small/run", 20)) }, "\(job.errors)")
      Self.execute("dd", "if=/dev/zero", "of=\(scratch / "small/filler")", "bs=64k")
      try #require(
        wait { job.errors.contains(": cannot write: No space left on device; free some space") }, "\(job.errors)")
      let names = try checkpointNames(scratch / "small/run").filter { $0.hasPrefix("iteration-") }
      #expect(!names.isEmpty)
      #expect(wait { job.errors.contains("warning: a line of metrics is lost: ") }, "\(job.errors)")
      #expect(job.process.isRunning)
      try FileManager.default.removeItem(atPath: scratch / "small/filler")
      #expect(wait { job.errors.contains("checkpoints are written again: ") }, "\(job.errors)")
      job.signal(SIGUSR1)
      #expect(job.end() == 75)
      let state = try Run("inspect", "small/run", in: scratch)
      #expect(state.status == 0, "\(state.errors)")
      // Lines may be missing, none is broken.
      for line in try lines(of: scratch / "small/run/metrics.jsonl") {
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
      }
    }

    @Test("what a run writes beside checkpoints may fail: it trains on, and writes it once it can")
    func others() throws {
      let settings = [
        "checkpoint.every=20", "evaluation.every=20", "evaluation.samples=64", "evaluation.classifierIterations=20",
      ].flatMap { ["--set", $0] }
      let arguments = ["train", "--recipe", "digits-dense", "--resume", "auto", "--output", "run"] + settings
      // Directories, even of root's, whom permissions do not stop.
      let names = [
        "recipe.yaml", "classifier.safetensors", "report.html", "starts.jsonl", "events.out.tfevents.lockstep",
        "samples/iteration-00000020.png", "pictures/interpolations.png",
      ]
      for name in names {
        try FileManager.default.createDirectory(atPath: scratch / "run/\(name)", withIntermediateDirectories: true)
      }
      let job = try Job(arguments + ["--iterations", "1000000"], in: scratch)
      defer { job.signal(SIGKILL) }
      try #require(wait { exists(checkpoint(scratch / "run", 40)) }, "\(job.errors)")
      for name in names {
        let warnings = job.errors.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
        #expect(warnings.contains { $0.contains("run/\(name)") }, "\(name): \(job.errors)")
        #expect(rmdir(scratch / "run/\(name)") == 0)
      }
      let later = names.filter { !$0.hasPrefix("samples/") }
      #expect(wait { later.allSatisfy { exists(scratch / "run/\($0)") } }, "\(job.errors)")
      job.signal(SIGTERM)
      #expect(job.end() == 75)
      // The same network, whether it was kept or is trained again.
      try FileManager.default.removeItem(atPath: scratch / "run/classifier.safetensors")
      let resumed = try Run(
        ["train", "--resume", "auto", "--output", "run", "--iterations", "\(newestIteration(scratch / "run") + 1)"],
        in: scratch)
      #expect(resumed.status == 0, "\(resumed.errors)")
      let fingerprints = [job.errors, resumed.errors].compactMap { errors in
        errors.split(separator: "\n").first { $0.hasPrefix("classifier ") }?.split(separator: " ")[1]
      }
      #expect(fingerprints.count == 2 && fingerprints[0] == fingerprints[1], "\(fingerprints)")
    }

    @Test("metrics that cannot be opened are tried again; what is no file of ours is refused")
    func metrics() throws {
      let job = try start("run")
      try #require(wait { exists(checkpoint(scratch / "run", 20)) }, "\(job.errors)")
      job.signal(SIGKILL)
      #expect(job.end() != nil)
      let target = scratch / "target"
      try scratch.write(Array("mine".utf8), to: "target")
      let metrics = scratch / "run/metrics.jsonl"
      for make in [
        { symlink(target, metrics) }, { mkfifo(metrics, 0o600) },
      ] as [() -> Int32] {
        try FileManager.default.removeItem(atPath: metrics)
        #expect(make() == 0)
        let refused = try Run(quickTraining("run") + ["--iterations", "50"], in: scratch)
        #expect(refused.status == 73, "\(refused.errors)")
        #expect(refused.errorLines.last?.hasPrefix("lockstep: run/metrics.jsonl: ") == true, "\(refused.errors)")
      }
      #expect(try bytes(of: target) == Array("mine".utf8))
      try FileManager.default.removeItem(atPath: metrics)
      #expect(mkdir(metrics, 0o700) == 0)
      let again = try start("run")
      let line = "warning: metrics cannot be written: run/metrics.jsonl: "
      #expect(wait { again.errors.contains(line) }, "\(again.errors)")
      #expect(rmdir(metrics) == 0)
      #expect(wait { metricsCount(scratch / "run") > 10 }, "\(again.errors)")
      again.signal(SIGTERM)
      #expect(again.end() == 75)
    }

    @discardableResult
    private static func execute(_ command: String...) -> Bool {
      guard let program = Launch.executable(command[0]) else { return false }
      let process = Process()
      process.executableURL = URL(fileURLWithPath: program)
      process.arguments = Array(command.dropFirst())
      (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
      guard (try? process.run()) != nil else { return false }
      process.waitUntilExit()
      return process.terminationStatus == 0
    }
  }
}
