import Foundation
import Testing

extension LockstepTests {
  @Suite struct StallTests {
    @Test("a rank that stands still is named, and the job ends soon after the stall timeout", .underMPI)
    func stalledRank() throws {
      let scratch = try Scratch()
      let job = try Job(
        quickTraining("run", "checkpoint.every=20") + ["--iterations", "1000000", "--stall-timeout", "2"], ranks: 2,
        in: scratch)
      try #require(wait { exists(checkpoint(scratch / "run", 20)) }, "\(job.errors)")
      let ranks = job.children
      try #require(ranks.count == 2)
      kill(ranks[1], SIGSTOP)
      let start = Date()
      // mpirun passes the code of the rank that ends by itself on.
      #expect(job.end(within: 10) == 70)
      #expect(Date().timeIntervalSince(start) < 7)
      let said = job.errors.split(separator: "\n").filter { $0.contains(": no progress for 2 s in the ") }
      #expect(said.count == 1, "\(job.errors)")
      // It may have been stopped inside of a collective that it had come to.
      #expect(said.allSatisfy { $0.contains("rank 1 (") }, "\(said)")
      #expect(wait(seconds: 5) { ranks.allSatisfy { kill($0, 0) != 0 } }, "no rank is left")
      let newest = try newestIteration(scratch / "run")
      let again = try Run(quickTraining("run") + ["--iterations", "\(newest + 5)"], ranks: 2, in: scratch)
      #expect(again.status == 0, "\(again.errors)")
      #expect(again.errors.contains("going on from iteration "))
    }

    /// A BLAS whose products never end, in ranks with `RANK` in the environment or in all.
    private func stuckLibrary(_ scratch: Scratch) throws -> String {
      let source = """
        #include <stdlib.h>
        #include <string.h>
        #include <unistd.h>
        void cblas_sgemm(void) {
          const char *rank = getenv("OMPI_COMM_WORLD_RANK");
          const int waits = getenv("STUCK_WAITS") != NULL;
          if (rank && strcmp(rank, "1")) for (;;) usleep(1000);
          for (;;) if (waits) pause(); else free(malloc(1000));
        }
        """
      try scratch.write(source.utf8, to: "stuck.c")
      let compiler = try #require(Launch.executable("cc"))
      let process = try Launch.start(
        [compiler, "-shared", "-fPIC", "-O1", "-o", scratch / "stuck.so", scratch / "stuck.c"], in: scratch,
        output: scratch / "cc.out", errors: scratch / "cc.err")
      process.waitUntilExit()
      try #require(process.terminationStatus == 0)
      return scratch / "stuck.so"
    }

    /// A training whose classifier, trained before the first iteration, needs products of OpenBLAS.
    private static let stuck = ["train", "--recipe", "digits-dense", "--iterations", "50", "--output", "run"]

    @Test(
      "a library call that never returns ends the job soon after the stall timeout, whether it computes or sleeps",
      .enabled(if: Launch.executable("cc") != nil, "there is no C compiler"),
      arguments: [(nil, false), (nil, true), (2, false)] as [(Int?, Bool)])
    func stuckCall(ranks: Int?, waits: Bool) throws {
      guard ranks == nil || Launch.hasMPI else { return }
      let scratch = try Scratch()
      var variables = ["LD_PRELOAD": try stuckLibrary(scratch)]
      if waits { variables["STUCK_WAITS"] = "yes" }
      let job = try Job(Self.stuck + ["--stall-timeout", "2"], ranks: ranks, in: scratch, adding: variables)
      let start = Date()
      // The start, 2 s, and 2 s for ranks that leave it to others to speak.
      #expect(job.end(within: 20) == 70, "\(job.errors)")
      #expect(Date().timeIntervalSince(start) < 15)
      #expect(job.errors.split(separator: "\n").filter { $0.contains(": no progress for 2 s in ") }.count == 1)
      if ranks == nil {
        #expect(job.lastLine == "lockstep: rank 0: no progress for 2 s in its own work (planning, iteration 0)")
      }
    }

    @Test(
      "a second SIGTERM ends what the first one does not reach",
      .enabled(if: Launch.executable("cc") != nil, "there is no C compiler"))
    func secondTermination() throws {
      let scratch = try Scratch()
      let job = try Job(
        Self.stuck + ["--stall-timeout", "0"], in: scratch, adding: ["LD_PRELOAD": try stuckLibrary(scratch)])
      try #require(wait { job.errors.contains("parameters") }, "\(job.errors)")
      job.signal(SIGTERM)
      // A launcher and a scheduler may both pass one on.
      usleep(100_000)
      job.signal(SIGTERM)
      #expect(job.end(within: 11) == nil)
      job.signal(SIGTERM)
      #expect(job.end(within: 5) == 143 || job.process.terminationReason == .uncaughtSignal)
    }

    @Test("--verify-lockstep looks at every iteration and finds ranks in step", .underMPI)
    func verifyLockstep() throws {
      let scratch = try Scratch()
      for (output, option) in [("plain", []), ("verified", ["--verify-lockstep"])] {
        let run = try Run(quickTraining(output) + ["--iterations", "60"] + option, ranks: 2, in: scratch)
        #expect(run.status == 0, "\(run.errors)")
      }
      try expectSame(scratch / "plain", scratch / "verified", iteration: 60)
    }
  }
}
