import CMPI
import Tensors

/// A rail that exchanges values message by message, by recursive halving and doubling.
///
/// Over n = 2^k ranks a rank sends and receives 2·(n − 1)/n of the values in 2·k messages: at distance n/2, n/4 … 1 each
/// gives away one half of what it is still adding up, and gets the other's share of its own half; then the sums go the same
/// way back. Two ranks, and short values, take k messages of all values instead. Where n is no power of two, the ranks
/// beyond the largest one below it first hand their values to one of the others, and get the result from it.
///
/// Every sum is formed once, or on both sides of an exchange from the same two numbers: so all ranks get the same bits,
/// which depend on n alone, not on who is late. Only of two different NaNs each side may keep another one.
///
/// - Source: Thakur, Rabenseifner, Gropp: Optimization of collective communication operations in MPICH, 2005, section 4.5.
final class ExchangeRail: Rail {
  /// Up to so many values half the messages are worth more than half the bytes: 64 KB take 0.5 ms at 1 Gbit/s.
  static let shortCount = 16384

  /// Values of a message. Open MPI sends up to 64 KB over TCP without asking first whether they are expected, which takes
  /// a round trip.
  static let messageCount = 15_360

  let slots: Int
  private let rank: Int
  private let size: Int
  /// The largest power of two up to `size`.
  private let power: Int
  private let communicator: cmpi_communicator
  private let check: MPICheck
  private var sums: [Sum]
  private(set) var traffic = Traffic()
  private let received: MemoryBlock
  private let largestCount: Int

  private enum Stage {
    case idle
    /// Hands everything to a rank within the power of two; takes it there.
    case handing, taking
    /// Exchanges halves, or everything, with the rank at this distance.
    case halving(Int)
    case doubling(Int)
    /// Exchanges sums.
    case spreading(Int)
    /// Sends the result to the rank that handed its values over; receives it.
    case returning, receiving
  }

  private struct Sum {
    var values = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)
    var stage = Stage.idle
    /// Of the messages of the stage, those sent and those received.
    var requests: [cmpi_request] = []
    var requestCount = 0
  }

  /// - Parameters:
  ///   - communicator: of the rail's `size` ranks, for nothing else.
  ///   - largestCount: values of the longest sum.
  init(
    communicator: cmpi_communicator, rank: Int, size: Int, slots: Int, largestCount: Int, check: MPICheck
  ) {
    precondition(size > 1, "a rail of \(size) ranks")
    (self.communicator, self.rank, self.size, self.slots, self.check) = (communicator, rank, size, slots, check)
    self.largestCount = largestCount
    power = 1 << (Int.bitWidth - 1 - size.leadingZeroBitCount)
    var sum = Sum()
    sum.requests = Array(
      repeating: cmpi_request(), count: 2 * ((largestCount + Self.messageCount - 1) / Self.messageCount))
    sums = Array(repeating: sum, count: slots)
    received = MemoryBlock(byteCount: 4 * slots * largestCount)
  }

  func start(_ values: UnsafeMutableBufferPointer<Float>, slot: Int) throws(CommunicationError) {
    precondition(values.count <= largestCount, "\(values.count) values, room for \(largestCount)")
    sums[slot].values = values
    let extra = size - power
    if rank >= power {
      try enter(.handing, slot)
    } else if rank < extra {
      try enter(.taking, slot)
    } else {
      try enter(firstExchange(values.count), slot)
    }
  }

  func isComplete(slot: Int) throws(CommunicationError) -> Bool {
    for other in 0..<slots where other != slot { try advance(other) }
    try advance(slot)
    if case .idle = sums[slot].stage { return true }
    return false
  }

  /// Goes on to the next stage as often as the messages of one are through.
  private func advance(_ slot: Int) throws(CommunicationError) {
    while true {
      if case .idle = sums[slot].stage { return }
      guard try areMessagesThrough(slot) else { return }
      try enter(finish(slot), slot)
    }
  }

  private func areMessagesThrough(_ slot: Int) throws(CommunicationError) -> Bool {
    var isDone = true
    let count = Int32(sums[slot].requestCount)
    let code = sums[slot].requests.withUnsafeMutableBufferPointer { requests -> Int32 in
      guard count > 0, let start = requests.baseAddress else { return 0 }
      return cmpi_test_all(start, count, &isDone)
    }
    try check(code, "MPI_Testall")
    if isDone { sums[slot].requestCount = 0 }
    return isDone
  }

  /// Uses what the stage has brought, and tells the next one.
  private func finish(_ slot: Int) -> Stage {
    let count = sums[slot].values.count
    switch sums[slot].stage {
    case .idle, .returning, .receiving: return .idle
    case .handing: return .receiving
    case .taking:
      add(0..<count, slot)
      return firstExchange(count)
    case .doubling(let distance):
      add(0..<count, slot)
      return 2 * distance < power ? .doubling(2 * distance) : end
    case .halving(let distance):
      add(part(of: count, rank: rank, distance: distance), slot)
      return distance > 1 ? .halving(distance / 2) : .spreading(1)
    case .spreading(let distance): return 2 * distance < power ? .spreading(2 * distance) : end
    }
  }

  private func firstExchange(_ count: Int) -> Stage {
    power == 2 || count <= Self.shortCount ? .doubling(1) : .halving(power / 2)
  }

  private var end: Stage { rank < size - power ? .returning : .idle }

  /// Posts the messages of a stage.
  private func enter(_ stage: Stage, _ slot: Int) throws(CommunicationError) {
    sums[slot].stage = stage
    let all = 0..<sums[slot].values.count
    switch stage {
    case .idle: break
    case .handing: try send(all, to: rank - power, slot)
    case .taking: try receive(all, from: rank + power, intoPlace: false, slot)
    case .doubling(let distance):
      try receive(all, from: rank ^ distance, intoPlace: false, slot)
      try send(all, to: rank ^ distance, slot)
    case .halving(let distance):
      try receive(
        part(of: all.count, rank: rank, distance: distance), from: rank ^ distance, intoPlace: false, slot)
      try send(part(of: all.count, rank: rank ^ distance, distance: distance), to: rank ^ distance, slot)
    case .spreading(let distance):
      try receive(
        part(of: all.count, rank: rank ^ distance, distance: distance), from: rank ^ distance, intoPlace: true, slot)
      try send(part(of: all.count, rank: rank, distance: distance), to: rank ^ distance, slot)
    case .returning: try send(all, to: rank + power, slot)
    case .receiving: try receive(all, from: rank - power, intoPlace: true, slot)
    }
  }

  /// The values that `rank` adds up once it has exchanged halves down to `distance`.
  private func part(of count: Int, rank: Int, distance: Int) -> Range<Int> {
    var (low, high, step) = (0, count, power / 2)
    while step >= distance {
      // Whole cache lines, where there are enough.
      let middle = min(high, low + ((high - low) / 2 + 15) / 16 * 16)
      if rank & step == 0 { high = middle } else { low = middle }
      step /= 2
    }
    return low..<high
  }

  private func send(_ range: Range<Int>, to other: Int, _ slot: Int) throws(CommunicationError) {
    guard let start = sums[slot].values.baseAddress else { return }
    for first in stride(from: range.lowerBound, to: range.upperBound, by: Self.messageCount) {
      let count = Int64(min(Self.messageCount, range.upperBound - first))
      let code = cmpi_start_send(
        communicator, start + first, count, Int32(other), Int32(slot), &sums[slot].requests[sums[slot].requestCount])
      try check(code, "MPI_Isend")
      sums[slot].requestCount += 1
      traffic.messages += 1
      traffic.bytes += 4 * Int(count)
    }
  }

  private func receive(
    _ range: Range<Int>, from other: Int, intoPlace: Bool, _ slot: Int
  ) throws(CommunicationError) {
    guard let start = sums[slot].values.baseAddress else { return }
    for first in stride(from: range.lowerBound, to: range.upperBound, by: Self.messageCount) {
      let count = Int64(min(Self.messageCount, range.upperBound - first))
      let target = intoPlace ? start + first : buffer(slot) + (first - range.lowerBound)
      let code = cmpi_start_receive(
        communicator, target, count, Int32(other), Int32(slot), &sums[slot].requests[sums[slot].requestCount])
      try check(code, "MPI_Irecv")
      sums[slot].requestCount += 1
    }
  }

  private func add(_ range: Range<Int>, _ slot: Int) {
    guard let start = sums[slot].values.baseAddress else { return }
    cmpi_add(start + range.lowerBound, buffer(slot), Int64(range.count))
  }

  private func buffer(_ slot: Int) -> UnsafeMutablePointer<Float> {
    received.address.assumingMemoryBound(to: Float.self) + slot * largestCount
  }
}
