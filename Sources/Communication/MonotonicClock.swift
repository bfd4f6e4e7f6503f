#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Nanoseconds since some moment in the past, without allocation and whatever happens to the calendar clock.
enum MonotonicClock {
  static func nanoseconds() -> UInt64 {
    var time = timespec()
    let code = clock_gettime(CLOCK_MONOTONIC, &time)
    precondition(code == 0, "no monotonic clock")
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
