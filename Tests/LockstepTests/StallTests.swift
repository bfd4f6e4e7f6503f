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
