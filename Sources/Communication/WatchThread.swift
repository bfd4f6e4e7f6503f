import CSignals
import Clocks

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A thread that watches the others: it takes no request to stop, and sleeps between looks until it is told to end.
///
/// The sleep is a condition variable, not a descriptor: whatever the rest of the process does to its descriptors, whatever is
/// written into them, neither wakes nor ends it.
///
/// `@unchecked Sendable`: `isEnding` is read and written under `mutex`; `thread` belongs to the owner.
final class WatchThread: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var isEnding = false
  private var thread: pthread_t?

  init() {
    check(pthread_mutex_init(mutex, nil), "pthread_mutex_init")
    #if canImport(Darwin)
      check(pthread_cond_init(wake, nil), "pthread_cond_init")
    #else
      var attributes = pthread_condattr_t()
      check(pthread_condattr_init(&attributes), "pthread_condattr_init")
      // A clock that is set back must not make a sleep longer.
      check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), "pthread_condattr_setclock")
      check(pthread_cond_init(wake, &attributes), "pthread_cond_init")
      check(pthread_condattr_destroy(&attributes), "pthread_condattr_destroy")
    #endif
  }

  // The thread keeps this object alive, so it has ended.
  deinit {
    pthread_cond_destroy(wake)
    pthread_mutex_destroy(mutex)
    wake.deallocate()
    mutex.deallocate()
  }

  var isRunning: Bool { thread != nil }

  /// Starts the thread, which runs `body` once; it may be started again after `stop()`.
  ///
  /// - Returns: the system's code, 0 where there is a thread.
  /// - Precondition: it does not run.
  func start(_ body: @escaping @Sendable () -> Void) -> Int32 {
    precondition(thread == nil, "the thread runs already")
    locked { isEnding = false }
    // The thread inherits what is held back; this thread's own is as before.
    var before = sigset_t()
    check(csig_leave_requests_to_others(&before), "pthread_sigmask")
    defer { check(pthread_sigmask(SIG_SETMASK, &before, nil), "pthread_sigmask") }
    return create(Work(owner: self, body: body))
  }

  private func create(_ work: Work) -> Int32 {
    var attributes = pthread_attr_t()
    var code = pthread_attr_init(&attributes)
    guard code == 0 else { return code }
    defer { pthread_attr_destroy(&attributes) }
    // Plenty for a loop that calls nothing deep, whatever thread-local storage the libraries take of it.
    code = pthread_attr_setstacksize(&attributes, 256 << 10)
    guard code == 0 else { return code }
    let context = Unmanaged.passRetained(work)
    #if canImport(Darwin)
      var made: pthread_t?
    #else
      var made = pthread_t()
    #endif
    code = pthread_create(
      &made, &attributes,
      { context in
        #if canImport(Darwin)
          Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
        #else
          if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
        #endif
        return nil
      }, context.toOpaque())
    if code == 0 { thread = made } else { context.release() }
    return code
  }

  /// Ends the thread's sleep, and returns when it has ended. A second call does nothing.
  func stop() {
    guard let running = thread else { return }
    locked {
      isEnding = true
      check(pthread_cond_broadcast(wake), "pthread_cond_broadcast")
    }
    check(pthread_join(running, nil), "pthread_join")
    thread = nil
  }

  /// For the thread: false when `stop()` was called meanwhile, at once.
  func sleeps(seconds: Double) -> Bool {
    let end = SystemClock.monotonic.nanoseconds + UInt64(max(0, seconds) * 1e9)
    return locked {
      while !isEnding {
        let now = SystemClock.monotonic.nanoseconds
        guard now < end else { return true }
        wait(until: end, now: now)
      }
      return false
    }
  }

  private func wait(until end: UInt64, now: UInt64) {
    #if canImport(Darwin)
      var rest = timespec(tv_sec: Int((end - now) / 1_000_000_000), tv_nsec: Int((end - now) % 1_000_000_000))
      let code = pthread_cond_timedwait_relative_np(wake, mutex, &rest)
    #else
      var time = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
      let code = pthread_cond_timedwait(wake, mutex, &time)
    #endif
    if code != ETIMEDOUT { check(code, "pthread_cond_timedwait") }
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    check(pthread_mutex_lock(mutex), "pthread_mutex_lock")
    defer { check(pthread_mutex_unlock(mutex), "pthread_mutex_unlock") }
    return body()
  }
}

/// What the C function of a thread is handed; it keeps the owner alive.
private final class Work {
  let owner: WatchThread
  let body: @Sendable () -> Void

  init(owner: WatchThread, body: @escaping @Sendable () -> Void) { (self.owner, self.body) = (owner, body) }
}

/// These calls fail only when called wrongly.
private func check(_ code: Int32, _ call: StaticString) {
  precondition(code == 0, "\(call) fails: \(String(cString: strerror(code)))")
}
