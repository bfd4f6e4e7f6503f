import Foundation
import Synchronization
import Testing

@testable import Communication

struct WatchdogTests {
  /// What the watchdogs of a group did in place of ending the process.
  private final class Endings: Sendable {
    let lines = Mutex<[Int: String]>([:])

    func watchdog(_ pulse: Pulse, seconds: Double) -> Watchdog {
      let rank = pulse.rank
      return Watchdog(pulse: pulse, stallTimeoutSeconds: seconds, output: -1) { bytes in
        let line = String(decoding: bytes, as: UTF8.self)
        self.lines.withLock { $0[rank] = line }
      }
    }

    func wait(for count: Int) {
      let begin = ContinuousClock.now
      while lines.withLock({ $0.count }) < count, ContinuousClock.now - begin < .seconds(20) { usleep(10_000) }
    }
  }

  @Test("one rank speaks, the others end silently after it", arguments: 1...3)
  func stall(ranks: Int) throws {
    let endings = Endings()
    let group = InProcessCommunicator.makeGroup(size: ranks)
    group[0].pulse.arrive(at: .barrier)
    let begin = ContinuousClock.now
    let watchdogs = group.map { endings.watchdog($0.pulse, seconds: 0.2) }
    for communicator in group { communicator.pulse.enter(.generatorStep, iteration: 5) }
    for watchdog in watchdogs { try watchdog.start() }
    endings.wait(for: ranks)
    #expect(ContinuousClock.now - begin >= .milliseconds(200))
    for watchdog in watchdogs { watchdog.stop() }
    let lines = endings.lines.withLock { $0 }
    #expect(lines.count == ranks)
    #expect(lines[0]?.hasPrefix("lockstep: rank 0: no progress for 0 s in the barrier (generator step") == true)
    #expect((1..<max(1, ranks)).allSatisfy { lines[$0] == "" })
  }

  @Test("beats of any rank, or patience with planning, keep all alive; the end and stop() end the thread")
  func alive() throws {
    let endings = Endings()
    let group = InProcessCommunicator.makeGroup(size: 2)
    for communicator in group { communicator.pulse.enter(.generatorStep, iteration: 5) }
    let watchdogs = group.map { endings.watchdog($0.pulse, seconds: 0.5) }
    for watchdog in watchdogs { try watchdog.start() }
    for _ in 0..<120 {
      group[1].pulse.beat()
      usleep(10_000)
    }
    group[1].pulse.enter(.planning, iteration: 6)
    usleep(1_200_000)
    #expect(endings.lines.withLock { $0 } == [:])
    group[0].close()
    watchdogs[1].stop()
    watchdogs[1].stop()
    usleep(700_000)
    watchdogs[0].stop()
    #expect(endings.lines.withLock { $0 } == [:])
  }

  @Test("a kernel that hangs while planning ends the process after the plain timeout, though nobody reads the line")
  func hangingKernel() throws {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    // Full: not one byte more can be written.
    try #require(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0)
    let byte: [UInt8] = [0]
    while write(ends[1], byte, 1) == 1 {}
    try #require(fcntl(ends[1], F_SETFL, 0) == 0)
    for output in [-1, ends[1]] {
      let endings = Endings()
      let pulse = Pulse(rank: 0, size: 1)
      let watchdog = Watchdog(pulse: pulse, stallTimeoutSeconds: 0.3, output: output) { bytes in
        let line = String(decoding: bytes, as: UTF8.self)
        endings.lines.withLock { $0[0] = line }
      }
      pulse.enter(.planning, iteration: 4)
      pulse.startKernels()
      try watchdog.start()
      let begin = ContinuousClock.now
      endings.wait(for: 1)
      // 0.3 s, and 2 s for the pipe; planning would have had 3 s.
      #expect(ContinuousClock.now - begin < .seconds(2.9))
      watchdog.stop()
      #expect(
        endings.lines.withLock { $0[0] }
          == "lockstep: rank 0: no progress for 0 s in its own work (planning, iteration 4)\n")
    }
  }

  @Test("the end of kernels gives planning its patience back")
  func kernelsEnded() throws {
    let endings = Endings()
    let pulse = Pulse(rank: 0, size: 1)
    pulse.enter(.planning, iteration: 4)
    pulse.startKernels()
    pulse.endKernels()
    let watchdog = endings.watchdog(pulse, seconds: 0.2)
    try watchdog.start()
    usleep(1_000_000)
    watchdog.stop()
    #expect(endings.lines.withLock { $0 } == [:])
  }

  @Test("a rank whose process does not run at all is named though the others go on")
  func absent() throws {
    let endings = Endings()
    let group = InProcessCommunicator.makeGroup(size: 3)
    for communicator in group { communicator.pulse.enter(.generatorStep, iteration: 5) }
    let watchdogs = group.map { endings.watchdog($0.pulse, seconds: 0.2) }
    for watchdog in watchdogs { try watchdog.start() }
    usleep(100_000)
    watchdogs[2].stop()
    let begin = ContinuousClock.now
    while endings.lines.withLock({ $0[0] }) == nil, ContinuousClock.now - begin < .seconds(20) {
      for communicator in group.prefix(2) { communicator.pulse.beat() }
      usleep(10_000)
    }
    #expect(ContinuousClock.now - begin > .seconds(2))
    for watchdog in watchdogs { watchdog.stop() }
    #expect(
      endings.lines.withLock { $0[0] }
        == "lockstep: rank 0: the process of rank 2 (generator step, iteration 5) has not run for 4 s\n")
  }

  @Test("signals stay with the threads that had them")
  func signals() throws {
    // Tests run on threads that hold signals back.
    var (none, before, after) = (sigset_t(), sigset_t(), sigset_t())
    sigemptyset(&none)
    sigaddset(&none, SIGUSR2)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let watchdog = Endings().watchdog(Pulse(rank: 0, size: 1), seconds: 10)
    try watchdog.start()
    defer { watchdog.stop() }
    pthread_sigmask(SIG_SETMASK, nil, &after)
    #expect((1..<32).allSatisfy { sigismember(&after, $0) == ($0 == SIGUSR2 ? 1 : 0) })
  }
}
