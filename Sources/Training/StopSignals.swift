import Clocks
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Signals that ask a run to save its work and end: SIGUSR1, SIGUSR2 and SIGTERM from schedulers and launchers, SIGINT from
/// a person. A second SIGINT ends the process at once, and so does a SIGTERM that comes ten seconds after the first or
/// later: schedulers may send two while a run still saves, and launchers pass them on.
///
/// They are held back everywhere and taken by one thread that waits for them: nothing runs in signal context, and the
/// training loop asks between phases whether one has come.
public final class StopSignals: Sendable {
  private let reason = Atomic<Int>(0)

  /// Holds the signals back in this thread and in all that it starts: make it before MPI starts threads.
  public init() {
    var set = Self.set
    let code = pthread_sigmask(SIG_BLOCK, &set, nil)
    precondition(code == 0, "pthread_sigmask fails with \(code)")
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self).toOpaque()
    let started = pthread_create(
      &thread, nil,
      { context in
        // The thread lives as long as the process.
        if let context { Unmanaged<StopSignals>.fromOpaque(context).takeUnretainedValue().listen() }
        return nil
      }, context)
    precondition(started == 0, "cannot start the thread that waits for signals: \(String(cString: strerror(started)))")
    _ = pthread_detach(thread)
  }

  /// What has been asked for so far.
  public var stop: StopReason? { StopReason(rawValue: reason.load(ordering: .relaxed)) }

  private func listen() {
    var set = Self.set
    var firstTermination: UInt64?
    while true {
      var signal: Int32 = 0
      guard sigwait(&set, &signal) == 0 else { continue }
      if signal == SIGTERM {
        let now = SystemClock.monotonic.nanoseconds
        if let first = firstTermination, now - first > 10_000_000_000 { _exit(128 + SIGTERM) }
        firstTermination = firstTermination ?? now
      }
      let asked: StopReason = signal == SIGINT ? .interrupt : .requeue
      if asked == .interrupt, stop == .interrupt { _exit(130) }
      if asked.rawValue > reason.load(ordering: .relaxed) { reason.store(asked.rawValue, ordering: .relaxed) }
    }
  }

  private static var set: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in [SIGUSR1, SIGUSR2, SIGTERM, SIGINT] { sigaddset(&set, signal) }
    return set
  }
}
