import Foundation
import Testing

@testable import Communication

extension MPICommunicatorTests {
  /// Real runs in which a rank hangs; among the tests that take all cores.
  struct WatchdogUnderMPI {
    /// Starts the probe, and checks what every stall has in common: named and ended in time, and nobody left.
    private func complaint(ranks: Int, _ arguments: String...) throws -> String {
      let begin = ContinuousClock.now
      let run = try MPIRun(ranks: ranks, ["stall"] + arguments)
      // The timeout of 2 s, 5 s to end it all, 1.5 s to start.
      #expect(ContinuousClock.now - begin < .seconds(8.5))
      #expect(run.status == Watchdog.exitCode)
      let processes = run.output.split(separator: "\n").compactMap { Int32($0.dropFirst(4)) }
      #expect(processes.count == ranks)
      #expect(areGone(processes))
      #expect(run.complaints.count == 1)
      return run.complaints.first ?? ""
    }

    /// A process that has ended is seen until its parent, or that of all orphans, has taken note.
    private func areGone(_ processes: [Int32]) -> Bool {
      for _ in 0..<30 {
        if processes.allSatisfy({ kill($0, 0) == -1 && errno == ESRCH }) { return true }
        usleep(100_000)
      }
      return false
    }

    @Test("a suspended or sleeping rank is named, with what it was at", .underMPI, arguments: ["stop", "sleep"])
    func missing(how: String) throws {
      #expect(
        try complaint(ranks: 2, how)
          == "lockstep: rank 0: no progress for 2 s in the barrier (discriminator step, iteration 19); "
          + "not arrived: rank 1 (last seen in the generator step, iteration 20)")
    }

    @Test("the lowest rank that waits speaks when rank 0 hangs", .underMPI)
    func first() throws {
      #expect(
        try complaint(ranks: 3, "first")
          == "lockstep: rank 1: no progress for 2 s in the barrier (generator step, iteration 20); "
          + "not arrived: rank 0 (last seen in the discriminator step, iteration 19)")
    }

    @Test("the collective is named, by whatever way ranks sum", .underMPI, arguments: ["", "library", "nodes"])
    func collective(way: String) throws {
      let line = try complaint(ranks: 2, "inside", way)
      let start = "lockstep: rank 0: no progress for 2 s in the sum of gradients (discriminator step, iteration 19); "
      // What another node was at is up to a second old.
      let end = way == "nodes" ? "" : "the generator step, iteration 20)"
      #expect(line.hasPrefix(start + "not arrived: rank 1 (last seen in " + end), "\(line)")
    }

    @Test("an end that one rank does not come to is a stall", .underMPI)
    func close() throws {
      let line = try complaint(ranks: 2, "close")
      #expect(line.contains("no progress for 2 s in the end of communication"))
      #expect(line.contains("not arrived: rank 1 (last seen in the generator step, iteration 20)"))
    }

    @Test("a rank that beats or plans is waited for, on its node and on another", .underMPI, arguments: ["", "nodes"])
    func alive(way: String) throws {
      let run = try MPIRun(ranks: 3, "stall", "alive", way)
      #expect(run.status == 0)
      #expect(run.complaints == [])
    }
  }
}
