import Foundation
import Testing

extension LockstepTests {
  /// Signals: what they end a run with, and that nothing of it is lost.
  @Suite struct StopTests {
    let scratch: Scratch
    // Three stops of four come between two phases of an iteration.
    private let settings = ["training.discriminatorSteps=3"]

    init() throws { scratch = try Scratch() }

    /// Starts or goes on, sends a signal in the middle, and returns the exit code.
    private func stop(by number: Int32, ranks: Int? = nil, of rank: Int? = nil) throws -> Int32? {
      let before = metricsCount(scratch / "run")
      let job = try Job(
        quickTraining("run", settings[0]) + ["--iterations", "1000000"], ranks: ranks, in: scratch)
      try #require(wait { metricsCount(scratch / "run") > before + 20 }, "\(job.errors)")
      if let rank {
        let ranks = job.children
        try #require(ranks.count > rank)
        kill(ranks[rank], number)
      } else {
        job.signal(number)
      }
      let code = job.end(within: 15)
      #expect(job.lastLine.hasPrefix("stopped as asked by "), "\(job.errors)")
      #expect(job.lastLine.contains(", saved in run/checkpoints/iteration-"))
      return code
    }

    /// Goes on to an end, and does the same at one go.
    private func expectUndisturbed(ranks: Int?) throws {
      let last = try newestIteration(scratch / "run") + 10
      for output in ["run", "whole"] {
        let run = try Run(
          quickTraining(output, settings[0]) + ["--iterations", "\(last)"], ranks: ranks, in: scratch)
        #expect(run.status == 0, "\(run.errors)")
      }
      try expectSame(scratch / "run", scratch / "whole", iteration: last)
    }

    @Test("signals of schedulers, terminals, limits end a run with 75, Ctrl-C with 130; what goes on is the same")
    func signals() throws {
      let codes: [(Int32, Int32)] = [
        (SIGTERM, 75), (SIGUSR1, 75), (SIGUSR2, 75), (SIGHUP, 75), (SIGXCPU, 75), (SIGINT, 130),
      ]
      for (number, code) in codes {
        #expect(try stop(by: number) == code, "signal \(number)")
      }
      let names = try checkpointNames(scratch / "run")
      #expect(!names.isEmpty && names.allSatisfy { $0.hasPrefix("iteration-") && $0.hasSuffix(".safetensors") })
      try expectUndisturbed(ranks: nil)
    }

    /// Runs in a shell that prepares itself by `preparation`.
    private func job(after preparation: String) throws -> Job {
      try Job(
        quickTraining("run") + ["--iterations", "1000000"], after: preparation, in: scratch)
    }

    @Test("what a run was started to ignore, as by nohup, stays ignored")
    func ignored() throws {
      let job = try job(after: "trap '' HUP INT")
      try #require(wait { metricsCount(scratch / "run") > 20 }, "\(job.errors)")
      for number in [SIGHUP, SIGINT, SIGINT] {
        job.signal(number)
        #expect(job.end(within: 0.3) == nil, "signal \(number)")
      }
      job.signal(SIGTERM)
      #expect(job.end(within: 15) == 75)
    }

    @Test("a limit of processor time leaves a checkpoint, whether the system would end the run at it or not")
    func processorTime() throws {
      for limit in ["ulimit -t 4", "ulimit -St 2"] {
        let job = try job(after: limit)
        #expect(job.end(within: 30) == 75, "\(limit): \(job.errors)")
        #expect(job.lastLine.hasPrefix("stopped as asked by "), "\(job.errors)")
      }
    }

    @Test("a run that is suspended for longer than the stall timeout goes on", .underMPI)
    func suspended() throws {
      let job = try Job(
        quickTraining("run") + ["--iterations", "1000000", "--stall-timeout", "1"], ranks: 2, in: scratch)
      try #require(wait { metricsCount(scratch / "run") > 20 }, "\(job.errors)")
      let ranks = job.children
      for rank in ranks { kill(rank, SIGSTOP) }
      usleep(2_500_000)
      for rank in ranks { kill(rank, SIGCONT) }
      let count = metricsCount(scratch / "run")
      #expect(wait { metricsCount(scratch / "run") > count + 20 }, "\(job.errors)")
      job.signal(SIGUSR1)
      #expect(job.end(within: 15) == 75, "\(job.errors)")
    }

    @Test("a signal to any one rank ends all, with a checkpoint and 75", .underMPI)
    func oneRank() throws {
      for rank in [0, 1] { #expect(try stop(by: SIGUSR1, ranks: 2, of: rank) == 75, "rank \(rank)") }
      try expectUndisturbed(ranks: 2)
    }

    @Test("a second Ctrl-C ends at once, whatever the program is at")
    func secondInterrupt() throws {
      // A classifier that takes minutes to train: nothing is saved there, so the first Ctrl-C waits.
      let job = try Job(
        ["train", "--recipe", "digits-dense", "--output", "run", "--set", "evaluation.classifierIterations=1000000"],
        in: scratch)
      try #require(wait { exists(scratch / "run/metrics.jsonl") }, "\(job.errors)")
      job.signal(SIGINT)
      #expect(job.end(within: 0.3) == nil)
      job.signal(SIGINT)
      #expect(job.end(within: 1) == 130)
      #expect(try checkpointNames(scratch / "run").isEmpty)
    }

    @Test("a stop while data are read is heard within a second, on all ranks, and writes nothing", arguments: [nil, 2])
    func reading(ranks: Int?) throws {
      try #require(ranks == nil || Launch.hasMPI)
      // 2 GB of zeros that take no disk, and seconds to be looked at.
      let text = "{'descr': '<f2', 'fortran_order': False, 'shape': (20000000, 50), }"
      try scratch.write([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + text.utf8, to: "zeros.npy")
      let file = try #require(FileHandle(forUpdatingAtPath: scratch / "zeros.npy"))
      try file.seekToEnd()
      try file.write(contentsOf: [UInt8](repeating: 32, count: 118 - text.utf8.count))
      try file.truncate(atOffset: 128 + 2_000_000_000)
      for (number, code) in [(SIGTERM, 75), (SIGINT, 130)] as [(Int32, Int32)] {
        let job = try Job(
          ["train", "--recipe", "vectors", "--data", "zeros.npy", "--output", "run"], ranks: ranks, in: scratch)
        let isReading = { (process: pid_t) in
          (try? String(contentsOfFile: "/proc/\(process)/maps", encoding: .utf8))?.contains("zeros.npy") == true
        }
        try #require(
          wait { (job.children + [job.process.processIdentifier]).contains(where: isReading) }, "\(job.errors)")
        for process in ranks == nil ? [job.process.processIdentifier] : job.children { kill(process, number) }
        // mpirun waits for a second itself.
        #expect(job.end(within: ranks == nil ? 1 : 4) == code, "\(job.errors)")
        #expect(
          job.errors.contains("zeros.npy: stopped as asked while it was read; nothing was written"), "\(job.errors)")
        #expect(!exists(scratch / "run"))
      }
    }

    @Test("a stop amid an evaluation does not wait for it, and the next run makes it up", arguments: [nil, 2])
    func evaluation(ranks: Int?) throws {
      try #require(ranks == nil || Launch.hasMPI)
      // 40 iterations are nothing beside one evaluation.
      let arguments = { (output: String, samples: Int, iterations: Int) in
        quickTraining(output, "evaluation.every=20", "evaluation.samples=\(samples)")
          + ["--iterations", "\(iterations)"]
      }
      let job = try Job(arguments("run", 10_000_000, 40), ranks: ranks, in: scratch)
      try #require(wait { metricsCount(scratch / "run") == 20 }, "\(job.errors)")
      usleep(300_000)
      #expect(metricsCount(scratch / "run") == 20, "it is at its evaluation")
      job.signal(SIGUSR1)
      #expect(job.end(within: ranks == nil ? 2 : 5) == 75)
      #expect(job.lastLine.hasPrefix("stopped as asked by a signal after iteration 20, saved in "), "\(job.errors)")
      #expect(metricsCount(scratch / "run") == 20)

      // How much an evaluation looks at may change; two stops in the one that is made up.
      let again = try Job(arguments("run", 10_000_000, 40), ranks: ranks, in: scratch)
      try #require(wait { again.errors.contains("going on from iteration 20 ") }, "\(again.errors)")
      usleep(300_000)
      again.signal(SIGUSR1)
      #expect(again.end(within: ranks == nil ? 2 : 5) == 75)
      #expect(again.lastLine.contains("after iteration 20, saved in run/checkpoints/iteration-"), "\(again.errors)")
      for output in ["run", "whole"] {
        let run = try Run(arguments(output, 100, 40), ranks: ranks, in: scratch)
        #expect(run.status == 0, "\(run.errors)")
      }
      try expectSame(scratch / "run", scratch / "whole", iteration: 40)
    }

    @Test("a stop in the last evaluation leaves it to the next run, which makes it up")
    func lastEvaluation() throws {
      let arguments = { (samples: Int) in
        quickTraining("run", "evaluation.samples=\(samples)") + ["--iterations", "20"]
      }
      let job = try Job(arguments(10_000_000), in: scratch)
      try #require(wait { metricsCount(scratch / "run") == 20 }, "\(job.errors)")
      usleep(300_000)
      job.signal(SIGUSR1)
      #expect(job.end(within: 2) == 75, "\(job.errors)")
      let again = try Run(arguments(100), in: scratch)
      #expect(again.status == 0)
      #expect(again.output.contains("evaluation  the discriminator is right on "), "\(again.errors)")
      #expect(try lines(of: scratch / "run/metrics.jsonl").last?.contains(#""kind":"evaluation""#) == true)
      // Once made up, it is done.
      #expect(try Run(arguments(100), in: scratch).errors.contains("iteration 20 is the last already"))
      #expect(metricsCount(scratch / "run") == 21)
    }
  }
}
