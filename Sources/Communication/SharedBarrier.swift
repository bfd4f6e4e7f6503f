import CMPI

/// A barrier in memory that all its ranks see (threads of a process, or processes of a node): each rank counts its
/// arrivals in a cache line of its own, and waits until no other rank is behind. No counter is ever reset, so a fast rank
/// may be one arrival ahead, and who is missing can be read off at any time.
final class SharedBarrier {
  static func byteCount(ranks: Int) -> Int { ranks * Int(CMPI_COUNTER_STRIDE) }

  let rank: Int
  let size: Int
  private let counters: UnsafeMutableRawPointer
  private let polling: PollingLoop
  private var arrivals: UInt64 = 0

  /// - Parameter counters: `byteCount(ranks:)` zeroed bytes at the same place for all; they outlive the barrier.
  init(counters: UnsafeMutableRawPointer, rank: Int, size: Int, polling: PollingLoop) {
    self.counters = counters
    self.rank = rank
    self.size = size
    self.polling = polling
  }

  /// As `wait()`, and every rank shows a number to all, read by `shown(by:)` until the barrier after.
  func wait(showing number: Double) throws(CommunicationError) {
    cmpi_word_store(counters + rank * Int(CMPI_COUNTER_STRIDE), 1, number.bitPattern)
    try wait()
  }

  func shown(by rank: Int) -> Double {
    Double(bitPattern: cmpi_word_load(counters + rank * Int(CMPI_COUNTER_STRIDE), 1))
  }

  /// Returns when all ranks have arrived; what they wrote before is visible after.
  func wait() throws(CommunicationError) {
    arrivals += 1
    cmpi_counter_publish(counters, Int32(rank), arrivals)
    let (counters, count, target) = (counters, Int32(size), arrivals)
    var next: Int32 = 0
    try polling.wait { () throws(CommunicationError) -> Bool in
      next = cmpi_counter_first_behind(counters, next, count, target)
      return next == count
    }
  }
}
