import CSignals
import Clocks
import Synchronization
import Threads

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Signals that ask a run to save its work and end: SIGUSR1, SIGUSR2 and SIGTERM from schedulers and launchers, SIGHUP from
/// a terminal that is closed, SIGXCPU from a limit of processor time, SIGINT from a person. A second SIGINT ends the process
/// at once, and so does a SIGTERM that comes ten seconds after the first or later: schedulers may send two while a run still
/// saves, and launchers pass them on. A signal that the process was started to ignore (`nohup`) stays ignored.
///
/// They are held back everywhere and taken by one thread that waits for them: nothing runs in signal context, and the
/// training loop asks between phases whether one has come.
public final class StopSignals: Sendable {
  private let reason = Atomic<Int>(0)
  private let isWorkDone = Atomic<Bool>(false)
  private let set: sigset_t

  /// Holds the signals back in this thread and in all that it starts: make it before MPI starts threads.
  public init() {
    set = Self.wanted()
    Self.leaveTimeToSave()
    var set = set
    let code = pthread_sigmask(SIG_BLOCK, &set, nil)
    precondition(code == 0, "pthread_sigmask fails with \(code)")
    do throws(SystemThread.Shortage) {
      // It lives as long as the process.
      try SystemThread { self.listen() }.detach()
    } catch {
      preconditionFailure("cannot start the thread that waits for signals: \(error.reason)")
    }
  }

  /// What has been asked for so far.
  public var stop: StopReason? { StopReason(rawValue: reason.load(ordering: .relaxed)) }

  /// Nothing is left to be saved: the first signal from now on ends the process at once, as it would without `StopSignals`.
  public func endWork() { isWorkDone.store(true, ordering: .relaxed) }

  private func listen() {
    var set = set
    let descriptor = csig_open(&set)
    var firstTermination: UInt64?
    while true {
      let signal = csig_next(descriptor, &set)
      if isWorkDone.load(ordering: .relaxed), stop == nil { _exit(128 + signal) }
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

  /// Those that the process was not started to ignore.
  private static func wanted() -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in [SIGUSR1, SIGUSR2, SIGTERM, SIGINT, SIGHUP, SIGXCPU] {
      var action = sigaction()
      sigaction(signal, nil, &action)
      #if canImport(Glibc)
        let handler = action.__sigaction_handler.sa_handler
      #else
        let handler = action.__sigaction_u.__sa_handler
      #endif
      if unsafeBitCast(handler, to: Int.self) != unsafeBitCast(SIG_IGN, to: Int.self) { sigaddset(&set, signal) }
    }
    return set
  }

  /// `ulimit -t` sets both limits of processor time, and the system kills at the second one: the first, which sends SIGXCPU,
  /// comes so much earlier that there is time to save.
  private static func leaveTimeToSave() {
    var limits = rlimit()
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(RLIMIT_CPU.rawValue)
    #else
      let resource = RLIMIT_CPU
    #endif
    guard getrlimit(resource, &limits) == 0, limits.rlim_cur == limits.rlim_max else { return }
    let seconds = limits.rlim_max
    // (No limit is the largest number there is.)
    guard seconds >= 4, seconds < 1 << 40 else { return }
    limits.rlim_cur = seconds - min(30, max(2, seconds / 8))
    // Lowering it is always allowed.
    setrlimit(resource, &limits)
  }
}
