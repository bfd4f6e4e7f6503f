#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Signals that ask a run to save its work and end: SIGUSR1 (schedulers, forwarded by mpirun) and SIGTERM.
///
/// They are held back, not handled: nothing runs in signal context, and the training loop asks between iterations whether
/// one is waiting.
public struct StopSignals: Sendable {
  /// Holds the signals back in this thread and in all that it starts: make it before MPI starts threads.
  public init() {
    var set = Self.set
    let code = pthread_sigmask(SIG_BLOCK, &set, nil)
    precondition(code == 0, "pthread_sigmask fails with \(code)")
  }

  /// Whether one of them has arrived.
  public var arePending: Bool {
    var pending = sigset_t()
    guard sigpending(&pending) == 0 else { return false }
    return sigismember(&pending, SIGUSR1) == 1 || sigismember(&pending, SIGTERM) == 1
  }

  private static var set: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGUSR1)
    sigaddset(&set, SIGTERM)
    return set
  }
}
