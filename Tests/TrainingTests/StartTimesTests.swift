import Communication
import Testing

@testable import Training

struct StartTimesTests {
  /// A clock that the test sets, in nanoseconds.
  private final class Clock {
    var time: UInt64 = 0
  }

  private static func times(program: UInt64, scale: UInt64 = 1, _ clock: Clock) -> StartTimes {
    let times = StartTimes(program: program, now: { clock.time })
    for (phase, milliseconds) in [(StartTimes.Phase.mpi, 310), (.recipe, 4), (.data, 120), (.memory, 30)] {
      clock.time += UInt64(milliseconds) * 1_000_000 * scale
      times.mark(phase)
    }
    // More of a phase that was over.
    clock.time += 5_000_000
    times.mark(.data)
    clock.time += 1_000_000_000
    return times
  }

  @Test("phases add up, short ones are left out, and all is told once")
  func words() throws {
    let times = Self.times(program: 80_000_000, Clock())
    let line = try times.endFirstIteration(on: SoloCommunicator())
    #expect(line == "start: program 0.08 s, MPI 0.31, data 0.13, memory 0.03, first iteration 1.00; 1.55 s in all")
    #expect(try times.endFirstIteration(on: SoloCommunicator()) == nil)
  }

  @Test("the rank that took longest is named, the lowest of equal ones")
  func slowest() throws {
    let lines = try InProcessCommunicator.run(ranks: 4) { communicator in
      let times = Self.times(program: 80_000_000, scale: [1, 2, 3, 3][communicator.rank], Clock())
      return try times.endFirstIteration(on: communicator)
    }
    #expect(lines[0]?.hasSuffix("; 1.55 s in all (slowest rank 2: 2.48)") == true, "\(lines)")
  }

  @Test("a process has been launched before it asks")
  func launch() {
    #if os(Linux)
      #expect(StartTimes.sinceLaunch > 0 && StartTimes.sinceLaunch < 24 * 3_600_000_000_000)
    #endif
  }
}
