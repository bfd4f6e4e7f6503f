import CMPI
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ranks that are threads of one process, for tests: the same results as MPI on one node, sums in rank order.
///
/// `@unchecked Sendable`: a communicator is handed to the one thread that uses it; what the threads share is written
/// before and read after a barrier of release/acquire counters.
public final class InProcessCommunicator: Communicator, @unchecked Sendable {
  public let rank: Int
  public let size: Int
  public var nodeRank: Int { rank }
  public var nodeSize: Int { size }
  public let notes: [String] = []
  public let pulse: Pulse

  private let meeting: SharedBarrier
  private let polling: PollingLoop
  /// Counters of the barrier, then one that tells which rank (plus 1) has left.
  private let counters: MemoryBlock
  /// What each rank brings to the collective under way: an address and a size per rank.
  private let table: MemoryBlock
  private let sums = BucketedSums()
  private var sumCounters: [MemoryBlock] = []

  /// As many communicators as ranks, each for a thread of its own.
  public static func makeGroup(size: Int) -> [InProcessCommunicator] {
    precondition(size > 0, "\(size) ranks")
    let counters = MemoryBlock(byteCount: SharedBarrier.byteCount(ranks: size + 1))
    let table = MemoryBlock(byteCount: 16 * size)
    let board = PulseBoard(size: size)
    return (0..<size).map {
      InProcessCommunicator(rank: $0, size: size, counters: counters, table: table, board: board)
    }
  }

  private init(rank: Int, size: Int, counters: MemoryBlock, table: MemoryBlock, board: PulseBoard) {
    (self.rank, self.size, self.counters, self.table) = (rank, size, counters, table)
    pulse = Pulse(rank: rank, size: size, board: board)
    polling = PollingLoop(ranksOnNode: size)
    meeting = SharedBarrier(counters: counters.address, rank: rank, size: size, polling: polling)
    polling.whileYielding = { [sums, counters] in
      do throws(CommunicationError) { try sums.poll() } catch { return error }
      let left = Int(cmpi_counter_read(counters.address, Int32(size)))
      return left == 0 ? nil : .abandoned(missing: left - 1, rank: rank)
    }
  }

  private var addresses: UnsafeMutablePointer<UnsafeMutableRawPointer?> {
    table.address.assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
  }

  private var byteCounts: UnsafeMutablePointer<Int> {
    (table.address + 8 * size).assumingMemoryBound(to: Int.self)
  }

  /// Lets `work` see the memory of all ranks, between two barriers.
  private func exchange(
    _ start: UnsafeMutableRawPointer?, byteCount: Int, in collective: Collective, _ work: () -> Void
  ) throws(CommunicationError) {
    pulse.arrive(at: collective)
    defer { pulse.leave() }
    addresses[rank] = start
    byteCounts[rank] = byteCount
    try meeting.wait()
    precondition(
      byteCounts[0] == byteCount, "rank \(rank) brings \(byteCount) bytes, rank 0 \(byteCounts[0])")
    work()
    try meeting.wait()
  }

  public func allReduceSum(_ values: UnsafeMutableBufferPointer<Float>) throws(CommunicationError) {
    try reduce(values, in: .sum, +)
  }

  public func allReduceSum(_ values: UnsafeMutableBufferPointer<Double>) throws(CommunicationError) {
    try reduce(values, in: .sum, +)
  }

  public func allReduceMaximum(_ values: UnsafeMutableBufferPointer<Int64>) throws(CommunicationError) {
    try reduce(values, in: .maximum, max)
  }

  /// Rank 0 combines in rank order and writes to all: slow and plain, since only tests come here.
  private func reduce<Value>(
    _ values: UnsafeMutableBufferPointer<Value>, in collective: Collective, _ combine: (Value, Value) -> Value
  ) throws(CommunicationError) {
    try exchange(values.baseAddress, byteCount: values.count * MemoryLayout<Value>.stride, in: collective) {
      guard rank == 0 else { return }
      for index in values.indices {
        var result = values[index]
        for other in 1..<max(size, 1) {
          guard let theirs = addresses[other]?.assumingMemoryBound(to: Value.self) else { continue }
          result = combine(result, theirs[index])
        }
        for other in 0..<size { addresses[other]?.assumingMemoryBound(to: Value.self)[index] = result }
      }
    }
  }

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws(CommunicationError) {
    precondition(root >= 0 && root < size, "root \(root) of \(size) ranks")
    try exchange(bytes.baseAddress, byteCount: bytes.count, in: .broadcast) {
      guard rank != root, let source = addresses[root] else { return }
      bytes.copyMemory(from: UnsafeRawBufferPointer(start: source, count: bytes.count))
    }
  }

  public func gather(
    _ bytes: UnsafeRawBufferPointer, into gathered: UnsafeMutableRawBufferPointer?, at root: Int
  ) throws(CommunicationError) {
    precondition(root >= 0 && root < size, "root \(root) of \(size) ranks")
    try exchange(UnsafeMutableRawPointer(mutating: bytes.baseAddress), byteCount: bytes.count, in: .gather) {
      guard rank == root else { return }
      precondition(
        gathered?.count == size * bytes.count, "\(gathered?.count ?? 0) bytes to hold \(size) × \(bytes.count)")
      for other in 0..<size {
        guard let source = addresses[other], let target = gathered?.baseAddress else { continue }
        (target + other * bytes.count).copyMemory(from: source, byteCount: bytes.count)
      }
    }
  }

  public func barrier() throws(CommunicationError) {
    pulse.arrive(at: .barrier)
    defer { pulse.leave() }
    try meeting.wait()
  }

  public func makeReducibleBlock(
    floatCount: Int, buckets: [Range<Int>], settings: ReductionSettings
  ) throws(CommunicationError) -> ReducibleBlock {
    guard size > 1 else { return .alone(floatCount: floatCount, buckets: buckets) }
    pulse.arrive(at: .sharing)
    defer { pulse.leave() }
    let memory = MemoryBlock(byteCount: 4 * floatCount)
    var blocks: [UnsafeMutablePointer<Float>] = []
    try exchange(memory.address, byteCount: 4 * floatCount, in: .sharing) {
      blocks = (0..<size).compactMap { addresses[$0]?.assumingMemoryBound(to: Float.self) }
    }
    // Rank 0's counters, kept by all of them.
    let own = MemoryBlock(byteCount: BucketedSum.counterBytes(ranks: size))
    defer { withExtendedLifetime(own) {} }
    try exchange(Unmanaged.passUnretained(own).toOpaque(), byteCount: 0, in: .sharing) {
      if let first = addresses[0] { sumCounters.append(Unmanaged<MemoryBlock>.fromOpaque(first).takeUnretainedValue()) }
    }
    let sum = BucketedSum(
      place: BucketedSum.Place(rank: rank, size: size, leaders: size), blocks: blocks,
      counters: sumCounters[sumCounters.count - 1].address, buckets: buckets, rail: nil)
    sums.append(sum)
    return ReducibleBlock(
      memory: memory, floatCount: floatCount, buckets: buckets, route: .summed(sum, pulse, polling))
  }

  public var isSumUnderWay: Bool { sums.isAnyUnderWay }

  public func progress() throws(CommunicationError) {
    try sums.poll()
  }

  /// This rank makes no further calls: ranks that still wait for it get an error instead of waiting for ever.
  public func close() {
    pulse.end()
    cmpi_counter_publish(counters.address, Int32(size), UInt64(rank + 1))
  }

  public func abort(exitCode: Int32) -> Never { exit(exitCode) }
}
