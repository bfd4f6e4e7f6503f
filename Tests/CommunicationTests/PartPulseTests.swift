import Foundation
import Synchronization
import Testing

@testable import Communication

/// Signs of life of parts of a job, of programs with work of their own, and of files.
struct PartPulseTests {
  private func reading(_ pulse: Pulse) -> PulseReading {
    let readings = UnsafeMutableBufferPointer<PulseReading>.allocate(capacity: pulse.size)
    readings.initialize(repeating: PulseReading())
    defer { readings.deallocate() }
    pulse.board.read(into: readings)
    return readings[pulse.rank]
  }

  @Test("what moves in a part of a job, or in a part of that, moves in the job; its end gives the job's work back")
  func parts() {
    let job = Pulse(rank: 1, size: 2)
    job.enter(.evaluation, iteration: 3)
    let part = SoloCommunicator(number: 1, parent: job)
    let inner = SoloCommunicator(number: 1, parent: part.pulse)
    var before = reading(job)
    for act in [{ inner.pulse.beat() }, { inner.pulse.enter(.generatorStep, iteration: 7) }, { part.pulse.beat() }] {
      act()
      #expect(!reading(job).isSame(as: before))
      before = reading(job)
    }
    #expect(before.activity == .generatorStep && before.iteration == 7)
    inner.pulse.enter(.planning, iteration: 8)
    inner.pulse.startKernels()
    #expect(reading(job).patience == 1)
    inner.pulse.endKernels()
    #expect(reading(job).patience == 10)
    inner.close()
    part.close()
    #expect(reading(job).activity == .evaluation && reading(job).iteration == 3)
    #expect(!reading(job).hasEnded)
  }

  private func line(_ pulse: Pulse, seconds: Double, after wait: Double, _ act: () -> Void = {}) throws -> String? {
    let said = Mutex<String?>(nil)
    let watchdog = Watchdog(pulse: pulse, stallTimeoutSeconds: seconds, output: -1) { bytes in
      let line = String(decoding: bytes, as: UTF8.self)
      said.withLock { $0 = line }
    }
    #expect(!pulse.isWatched)
    try watchdog.start()
    #expect(pulse.isWatched)
    act()
    usleep(UInt32(wait * 1e6))
    watchdog.stop()
    #expect(!pulse.isWatched)
    return said.withLock { $0 }
  }

  @Test("a rank of a part is named by its number in the job")
  func numbers() throws {
    let part = SoloCommunicator(number: 5, parent: Pulse(rank: 5, size: 8))
    part.pulse.enter(.generatorStep, iteration: 7)
    #expect(try line(part.pulse, seconds: 0.2, after: 0.6)?.hasPrefix("lockstep: rank 5: no progress for ") == true)
  }

  @Test("work outside of a run takes as long as it likes; a watchdog that is started again watches again")
  func outside() throws {
    let pulse = Pulse(rank: 0, size: 1)
    pulse.enter(.outside, iteration: 0)
    #expect(try line(pulse, seconds: 0.1, after: 1.2) == nil)
    pulse.enter(.generatorStep, iteration: 1)
    #expect(try line(pulse, seconds: 0.2, after: 0.6) != nil)
  }

  @Test("a rank that reads and writes files for longer than it may be silent is not stuck")
  func files() throws {
    let path = FileManager.default.temporaryDirectory.path + "/files-\(UUID().uuidString)"
    defer { unlink(path) }
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    defer { close(descriptor) }
    let pulse = Pulse(rank: 0, size: 1)
    pulse.enter(.restoring, iteration: 0)
    let block = [UInt8](repeating: 1, count: 1 << 20)
    var (before, after) = (rusage(), rusage())
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &before)
    let said = try line(pulse, seconds: 0.05, after: 0) {
      for _ in 0..<40 {
        pwrite(descriptor, block, block.count, 0)
        fsync(descriptor)
        usleep(30_000)
      }
    }
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &after)
    // A temporary directory in memory has no blocks.
    if after.ru_oublock > before.ru_oublock { #expect(said == nil) }
    #expect(try line(pulse, seconds: 0.05, after: 1) != nil)
  }

  @Test("of all that ask one is to speak")
  func voice() {
    let group = InProcessCommunicator.makeGroup(size: 4)
    #expect(group.reversed().count { $0.pulse.claimVoice() } == 1)
    #expect(SoloCommunicator().pulse.claimVoice() && SoloCommunicator().pulse.claimVoice())
  }
}
