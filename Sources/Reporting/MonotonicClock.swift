#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Time that only goes forward.
public enum MonotonicClock {
  /// Seconds since some moment in the past.
  public static var seconds: Double {
    var time = timespec()
    let code = clock_gettime(CLOCK_MONOTONIC, &time)
    precondition(code == 0, "clock_gettime(CLOCK_MONOTONIC) fails")
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
