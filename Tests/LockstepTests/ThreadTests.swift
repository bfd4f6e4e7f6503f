import Checkpoints
import Foundation
import TestSupport
import Testing

extension LockstepTests {
  /// `--threads`: a team of threads that shares a process's work.
  @Suite struct ThreadTests {
    let scratch: Scratch
    /// Kernels large enough to be shared.
    private static let large = ["--set", "training.batchSize=512"]
    private static let iterations = 12

    init() throws { scratch = try Scratch() }

    private func train(_ output: String, threads: Int, ranks: Int? = nil, _ more: String...) throws -> Run {
      try Run(
        [
          "train", "--recipe", "digits-dense", "--output", output, "--iterations", "\(Self.iterations)", "--threads",
          "\(threads)",
        ] + smoothSettings
          + Self.large + more, ranks: ranks, in: scratch)
    }

    @Test("two and three threads train what one trains, up to rounding; the same number the same bits")
    func agreement() throws {
      for (output, threads) in [("one", 1), ("two", 2), ("again", 2), ("three", 3)] {
        let run = try train(output, threads: threads)
        try #require(run.status == 0, "\(run.errors)")
      }
      let path = { (output: String) in checkpoint(scratch / output, Self.iterations) }
      #expect(try bytes(of: path("two")) == bytes(of: path("again")))
      #expect(try SafetensorsFile(path: path("two")).metadata["threads"] == "2")
      let one = try parameters(of: path("one"))
      for output in ["two", "three"] {
        let shared = try parameters(of: path(output))
        #expect(disagreements(shared, one, learningRate: 2e-4, iterations: Self.iterations) == [], "\(output)")
        // Something was shared.
        #expect(zip(shared, one).contains { $0.values != $1.values }, "\(output)")
      }
    }

    @Test("a run goes on with another number of threads, and says that bits differ")
    func resume() throws {
      try #require(train("run", threads: 2).status == 0)
      let more = ["train", "--resume", "run", "--iterations", "\(Self.iterations + 2)"]
      let other = try Run(more, in: scratch)
      #expect(other.status == 0, "\(other.errors)")
      #expect(other.errors.contains("sums come in another order than before (threads: 2 then, 1 now)"))
    }

    @Test("sample, evaluate and profile take --threads")
    func otherCommands() throws {
      try #require(train("run", threads: 1).status == 0)
      for arguments in [
        ["sample", "run", "--count", "20", "--output", "samples.npz"], ["evaluate", "run", "--samples", "70"],
        ["profile", "--iterations", "3", "--json"] + Self.large,
      ] {
        let run = try Run(arguments + ["--threads", "2"], in: scratch)
        #expect(run.status == 0, "\(arguments): \(run.errors)")
        if arguments[0] == "profile" { #expect(run.output.contains("\"threads\":2")) }
      }
    }

    @Test("too many threads are warned of once, on all ranks together, and train all the same", .underMPI)
    func crowded() throws {
      let run = try train("run", threads: 64, ranks: 2)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errorLines.count { $0.hasPrefix("warning: ") && $0.contains("take turns") } == 1, "\(run.errors)")
    }
  }
}
