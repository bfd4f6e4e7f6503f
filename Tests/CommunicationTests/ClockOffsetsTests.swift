import Clocks
import Testing

@testable import Communication

struct ClockOffsetsTests {
  /// Nanoseconds that the clock of each node is ahead.
  static let shifts: [Int64] = [3_000, -5_000_000_000, 7_200_000_000_000, 0]

  @Test("shifted clocks are found, to within the uncertainty that is stated", arguments: 1...4)
  func shifted(ranks: Int) throws {
    let results = try InProcessCommunicator.run(ranks: ranks) { communicator in
      let shift = Self.shifts[communicator.rank]
      return try communicator.clockOffsets(rounds: 50, node: communicator.rank) {
        Int64(SystemClock.monotonic.nanoseconds) + shift
      }
    }
    for result in results { #expect(result == results[0]) }
    for (rank, offset) in results[0].nanoseconds.enumerated() {
      let truth = Self.shifts[0] - Self.shifts[rank]
      let uncertainty = results[0].uncertainties[rank]
      #expect(abs(offset - truth) <= uncertainty, "rank \(rank): \(offset) ± \(uncertainty), not \(truth)")
      // Threads that take turns on one core for some 10 ms at a time, at worst.
      #expect(uncertainty < 50_000_000)
    }
    #expect(results[0].nanoseconds[0] == 0 && results[0].uncertainties[0] == 0)
  }

  @Test("ranks of a node get the same offset, those of rank 0's node none")
  func nodes() throws {
    let results = try InProcessCommunicator.run(ranks: 4) { communicator in
      let node = communicator.rank % 2
      return try communicator.clockOffsets(rounds: 20, node: node) {
        Int64(SystemClock.monotonic.nanoseconds) - Int64(node) * 1_000_000_000
      }
    }
    let offsets = results[0].nanoseconds
    #expect(offsets[0] == 0 && offsets[2] == 0 && offsets[1] == offsets[3])
    #expect(abs(offsets[1] - 1_000_000_000) <= results[0].uncertainties[1])
  }

  @Test("ranks of one machine share its clock")
  func oneMachine() throws {
    let results = try InProcessCommunicator.run(ranks: 3) { try $0.clockOffsets() }
    for result in results { #expect(result == ClockOffsets(nanoseconds: [0, 0, 0], uncertainties: [0, 0, 0])) }
  }

  @Test("clocks of ranks that know each other by MPI only agree with themselves", .underMPI, arguments: [2, 3])
  func underMPI(ranks: Int) throws {
    let run = try MPIRun(ranks: ranks, "clocks")
    #expect(run.status == 0)
    #expect(run.output.hasPrefix("all right: \(ranks) clocks"))
  }
}
