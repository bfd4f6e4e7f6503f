import Clocks

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// State that threads share, one of them at a time, and changes of it that they wait for.
///
/// Waiting and waking allocate nothing. `@unchecked Sendable`: the system's mutex and condition are made for that.
public final class Monitor: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let change = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  public init() {
    check(pthread_mutex_init(mutex, nil), "pthread_mutex_init")
    #if canImport(Darwin)
      check(pthread_cond_init(change, nil), "pthread_cond_init")
    #else
      var attributes = pthread_condattr_t()
      check(pthread_condattr_init(&attributes), "pthread_condattr_init")
      // A clock that is set back must not make a wait longer.
      check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), "pthread_condattr_setclock")
      check(pthread_cond_init(change, &attributes), "pthread_cond_init")
      check(pthread_condattr_destroy(&attributes), "pthread_condattr_destroy")
    #endif
  }

  // Threads that use it keep it alive: nobody waits.
  deinit {
    pthread_cond_destroy(change)
    pthread_mutex_destroy(mutex)
    change.deallocate()
    mutex.deallocate()
  }

  /// Runs `body` while no other thread is in here.
  public func locked<Result>(_ body: () -> Result) -> Result {
    check(pthread_mutex_lock(mutex), "pthread_mutex_lock")
    defer { check(pthread_mutex_unlock(mutex), "pthread_mutex_unlock") }
    return body()
  }

  /// Within `locked`: tells those that wait that something has changed.
  public func wake() { check(pthread_cond_broadcast(change), "pthread_cond_broadcast") }

  /// Within `locked`: lets others in until one of them wakes; it may return early.
  public func wait() { check(pthread_cond_wait(change, mutex), "pthread_cond_wait") }

  /// The same, for a time at most.
  ///
  /// - Parameter end: nanoseconds of `SystemClock.monotonic`.
  /// - Returns: false once it has come.
  public func wait(until end: UInt64) -> Bool {
    let now = SystemClock.monotonic.nanoseconds
    guard now < end else { return false }
    #if canImport(Darwin)
      var rest = timespec(tv_sec: Int((end - now) / 1_000_000_000), tv_nsec: Int((end - now) % 1_000_000_000))
      let code = pthread_cond_timedwait_relative_np(change, mutex, &rest)
    #else
      var time = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
      let code = pthread_cond_timedwait(change, mutex, &time)
    #endif
    if code != ETIMEDOUT { check(code, "pthread_cond_timedwait") }
    return true
  }
}

/// These calls fail only when called wrongly.
private func check(_ code: Int32, _ call: StaticString) {
  precondition(code == 0, "\(call) fails: \(String(cString: strerror(code)))")
}
