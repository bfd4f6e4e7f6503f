#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Times of the system; reading one allocates nothing.
public enum SystemClock: Sendable {
  /// Since some moment in the past; only goes forward, whatever happens to the calendar.
  case monotonic
  /// What the calling thread has used of a processor.
  case thread
  /// Since 1970.
  case calendar

  public var nanoseconds: UInt64 {
    let time = now
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  public var seconds: Double {
    let time = now
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private var now: timespec {
    var time = timespec()
    let code =
      switch self {
      case .monotonic: clock_gettime(CLOCK_MONOTONIC, &time)
      case .thread: clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      case .calendar: clock_gettime(CLOCK_REALTIME, &time)
      }
    precondition(code == 0, "clock_gettime fails: \(String(cString: strerror(errno)))")
    return time
  }
}
