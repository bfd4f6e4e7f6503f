import CMPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a rank waits for others: it looks, spins for at most a few microseconds, then yields its core between looks.
///
/// Every wait after start-up goes through here, so that a watchdog, heartbeats or a poll of something else have one place.
final class PollingLoop {
  /// Looks before the first yield. A look and a pause take about 30 ns, so 100 are 3 µs: longer than the ranks of a node
  /// differ in a balanced step, shorter than a scheduler's switch. None when ranks outnumber cores: the one waited for
  /// needs this core.
  private let spins: Int
  /// Called every 64 yields; an error it returns ends the wait if what is waited for has not come by then.
  var whileYielding: (() -> CommunicationError?)?

  init(ranksOnNode: Int) {
    spins = ranksOnNode > sysconf(Int32(_SC_NPROCESSORS_ONLN)) ? 0 : 100
  }

  @inline(__always)
  func wait(until isDone: () throws(CommunicationError) -> Bool) throws(CommunicationError) {
    for _ in 0..<spins {
      if try isDone() { return }
      cmpi_pause()
    }
    var yields = 0
    while try !isDone() {
      // sched_yield has no failure on Linux; a yield that did nothing is a spin.
      _ = sched_yield()
      yields &+= 1
      if yields & 63 == 0, let failure = whileYielding?() {
        if try isDone() { return }
        throw failure
      }
    }
  }
}
