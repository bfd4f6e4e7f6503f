import CMPI
import Clocks

/// The sum of a block over all ranks, bucket by bucket while later ones are still being computed.
///
/// Ranks of a node see each other's blocks. Each of the first `leaders` of them adds up one slice of every bucket over the
/// node, in rank order, sums it with the other nodes' over its rail where there are several, and writes the result into
/// all blocks of the node. So all ranks hold the same bits.
///
///     block[r][i] = Σ over nodes, then over the ranks of the node: block[…][i]   for all r
///
/// Nothing waits in here: `start` and `poll` do what can be done now. Who is how far stands in counters in shared memory,
/// one line per rank for the buckets it has started, one for the slices it has completed; they only grow.
final class BucketedSum {
  /// Where this rank stands among those whose blocks it sees.
  struct Place {
    var rank: Int
    var size: Int
    /// How many of them sum slices: as many as the smallest node has.
    var leaders: Int
  }

  static func counterBytes(ranks: Int) -> Int { 2 * ranks * Int(CMPI_COUNTER_STRIDE) }

  /// In the order in which they are started.
  let buckets: [Range<Int>]
  /// How many values from the block's first on the squared norm covers; changed between sums only.
  var normCount = 0
  private let place: Place
  private let blocks: [UnsafeMutablePointer<Float>]
  private let counters: UnsafeMutableRawPointer
  /// Nil where all ranks are on this node.
  private let rail: (any Rail)?

  // Counted in buckets since the block was made.
  private var started: UInt64 = 0
  private var summed: UInt64 = 0
  private var completed: UInt64 = 0
  /// Squares of this rank's slices in the round under way.
  private var squares = 0.0
  /// The first rank that was behind at the last look.
  private var firstBehind: (starting: Int32, completing: Int32) = (0, 0)

  /// - Parameters:
  ///   - blocks: the values of every rank of the node as this rank sees them, in rank order.
  ///   - counters: `counterBytes` zeroed bytes that all of them see; they outlive the sum.
  init(
    place: Place, blocks: [UnsafeMutablePointer<Float>], counters: UnsafeMutableRawPointer, buckets: [Range<Int>],
    rail: (any Rail)?
  ) {
    precondition(blocks.count == place.size, "\(blocks.count) blocks for \(place.size) ranks")
    precondition(!buckets.isEmpty && buckets.allSatisfy { $0.lowerBound % 16 == 0 }, "buckets \(buckets)")
    (self.place, self.blocks, self.counters, self.buckets, self.rail) = (place, blocks, counters, buckets, rail)
  }

  /// Told of every bucket that has been summed: its number, and the nanoseconds when this rank started it and when it saw
  /// it complete.
  var observer: ((_ bucket: Int, _ start: UInt64, _ end: UInt64) -> Void)? {
    didSet {
      startTimes = Array(repeating: 0, count: observer == nil ? 0 : buckets.count)
      observed = started
    }
  }
  private var startTimes: [UInt64] = []
  private var observed: UInt64 = 0

  /// True while anything that this rank has started is not complete.
  private(set) var isUnderWay = false

  /// This rank's values of the next bucket are complete.
  func start() throws(CommunicationError) {
    if observer != nil { startTimes[Int(started % UInt64(buckets.count))] = SystemClock.monotonic.nanoseconds }
    started += 1
    isUnderWay = true
    // Who had completed all that was started before may lack this one.
    firstBehind.completing = 0
    cmpi_counter_publish(counters, Int32(place.rank), started)
    try poll()
  }

  /// Does what can be done now.
  func poll() throws(CommunicationError) {
    guard isUnderWay else { return }
    if place.rank < place.leaders {
      while summed < started, hasRoom, haveStarted(summed + 1) { try addUp() }
      while completed < summed, let rail, try rail.isComplete(slot: slot(completed)) { deliver() }
    }
    isUnderWay = !haveCompleted()
    if let observer { tell(observer) }
  }

  private func tell(_ observer: (Int, UInt64, UInt64) -> Void) {
    let (first, leaders) = (Int32(place.size), Int32(place.leaders))
    while observed < started,
      cmpi_counter_first_behind(counters, first, first + leaders, observed + 1) == first + leaders
    {
      let bucket = Int(observed % UInt64(buckets.count))
      observer(bucket, startTimes[bucket], SystemClock.monotonic.nanoseconds)
      observed += 1
    }
  }

  /// True when every bucket of the round has been started and summed.
  var isComplete: Bool { !isUnderWay && started % UInt64(buckets.count) == 0 }

  /// Σ sum[i]² over the first `normCount` values of the round that is complete: leaders add up their slices, all add the
  /// leaders' parts in rank order.
  var squaredNorm: Double {
    (0..<place.leaders).reduce(0) { $0 + Double(bitPattern: cmpi_word_load(line(ofCompleted: $1), 1)) }
  }

  private var hasRoom: Bool { rail.map { summed - completed < UInt64($0.slots) } ?? true }

  private func slot(_ bucket: UInt64) -> Int { Int(bucket % UInt64(rail?.slots ?? 1)) }

  private func haveStarted(_ count: UInt64) -> Bool {
    if firstBehind.starting == Int32(place.size) { firstBehind.starting = 0 }
    firstBehind.starting = cmpi_counter_first_behind(counters, firstBehind.starting, Int32(place.size), count)
    return firstBehind.starting == Int32(place.size)
  }

  private func line(ofCompleted rank: Int) -> UnsafeMutableRawPointer {
    counters + (place.size + rank) * Int(CMPI_COUNTER_STRIDE)
  }

  /// Whether all leaders have completed what this rank has started.
  private func haveCompleted() -> Bool {
    let (first, leaders) = (Int32(place.size), Int32(place.leaders))
    firstBehind.completing =
      cmpi_counter_first_behind(counters, first + firstBehind.completing, first + leaders, started) - first
    return firstBehind.completing == leaders
  }

  /// This rank's slice of bucket number `bucket`.
  private func slice(_ bucket: UInt64) -> Range<Int> {
    let range = buckets[Int(bucket % UInt64(buckets.count))]
    let slice = Self.slice(of: range.count, rank: place.rank, size: place.leaders)
    return range.lowerBound + slice.lowerBound..<range.lowerBound + slice.upperBound
  }

  /// Adds up this rank's slice of the next bucket over the node, and sends it on or completes it.
  private func addUp() throws(CommunicationError) {
    let slice = slice(summed)
    if summed % UInt64(buckets.count) == 0 { squares = 0 }
    guard let rail else {
      let border = min(max(normCount, slice.lowerBound), slice.upperBound)
      blocks.withUnsafeBufferPointer { all in
        guard let first = all.baseAddress else { return }
        let (count, squared) = (Int32(all.count), slice.lowerBound..<border)
        squares += cmpi_sum_across_with_squares(first, count, Int64(squared.lowerBound), Int64(squared.count))
        cmpi_sum_across(first, count, Int64(border), Int64(slice.upperBound - border))
      }
      summed += 1
      return complete()
    }
    if place.size > 1 {
      blocks.withUnsafeBufferPointer { all in
        guard let first = all.baseAddress else { return }
        cmpi_sum_into(
          first, Int32(all.count), blocks[place.rank], Int64(slice.lowerBound), Int64(slice.count))
      }
    }
    try rail.start(
      UnsafeMutableBufferPointer(start: blocks[place.rank] + slice.lowerBound, count: slice.count), slot: slot(summed))
    summed += 1
  }

  /// Hands the sum over all nodes to the other ranks of this one.
  private func deliver() {
    let slice = slice(completed)
    let own = blocks[place.rank] + slice.lowerBound
    for (rank, block) in blocks.enumerated() where rank != place.rank {
      (block + slice.lowerBound).update(from: own, count: slice.count)
    }
    squares += cmpi_sum_of_squares(own, Int64(max(0, min(normCount, slice.upperBound) - slice.lowerBound)))
    complete()
  }

  private func complete() {
    completed += 1
    if completed % UInt64(buckets.count) == 0 { cmpi_word_store(line(ofCompleted: place.rank), 1, squares.bitPattern) }
    cmpi_counter_publish(counters, Int32(place.size + place.rank), completed)
  }

  /// The values that `rank` of `size` adds up: near-equal parts in whole cache lines (16 floats), so that no line has two
  /// writers.
  static func slice(of count: Int, rank: Int, size: Int) -> Range<Int> {
    let lines = (count + 15) / 16
    return min(count, lines * rank / size * 16)..<min(count, lines * (rank + 1) / size * 16)
  }
}

/// The sums of a communicator's blocks: they go on while its rank waits for something else.
final class BucketedSums {
  private var all: [BucketedSum] = []

  func append(_ sum: BucketedSum) { all.append(sum) }
  func removeAll() { all = [] }

  var isAnyUnderWay: Bool { all.contains { $0.isUnderWay } }

  func poll() throws(CommunicationError) {
    for sum in all { try sum.poll() }
  }
}
