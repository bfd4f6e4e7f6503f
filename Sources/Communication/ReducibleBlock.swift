import CMPI
import Tensors

/// This rank's float32 values of something that all ranks sum, in memory chosen for that: gradients.
///
/// They are summed bucket by bucket while the rank goes on computing: `startNextBucket()` as soon as the values of one are
/// complete, `finish()` where the sums are needed. How they travel is settled when the block is made.
public final class ReducibleBlock {
  enum Route {
    /// One rank: the sum is there already.
    case alone
    case summed(BucketedSum, Pulse, PollingLoop)
  }

  /// The values' memory; it belongs to the communicator and must not be used after its `close()`.
  public let memory: MemoryBlock
  /// How many values the ranks sum.
  public let floatCount: Int
  /// Values that travel together, in the order in which they are started.
  public let buckets: [Range<Int>]
  private let route: Route
  private var aloneNormCount = 0

  init(memory: MemoryBlock, floatCount: Int, buckets: [Range<Int>], route: Route) {
    precondition(memory.byteCount >= 4 * floatCount, "\(memory.byteCount) bytes for \(floatCount) float32 values")
    (self.memory, self.floatCount, self.buckets, self.route) = (memory, floatCount, buckets, route)
  }

  /// A block of a single rank.
  static func alone(floatCount: Int, buckets: [Range<Int>]) -> ReducibleBlock {
    ReducibleBlock(
      memory: MemoryBlock(byteCount: 4 * floatCount), floatCount: floatCount, buckets: buckets, route: .alone)
  }

  /// The values of this rank; 64-byte aligned.
  public var floats: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: memory.address.assumingMemoryBound(to: Float.self), count: floatCount)
  }

  /// How many values from the first on the squared norm of `finish()` covers.
  ///
  /// - Precondition: nothing is under way; the same on every rank.
  public var normCount: Int {
    get {
      guard case .summed(let sum, _, _) = route else { return aloneNormCount }
      return sum.normCount
    }
    set {
      precondition(newValue >= 0 && newValue <= floatCount, "the norm of \(newValue) of \(floatCount) values")
      if case .summed(let sum, _, _) = route { sum.normCount = newValue } else { aloneNormCount = newValue }
    }
  }

  /// Tells `observer` of every bucket that has been summed, with the nanoseconds of the monotonic clock when it was started
  /// and when it was seen to be complete; nil ends that.
  ///
  /// - Precondition: nothing is under way.
  public func observe(_ observer: ((_ bucket: Int, _ start: UInt64, _ end: UInt64) -> Void)?) {
    guard case .summed(let sum, _, _) = route else { return }
    precondition(!sum.isUnderWay, "observed while under way")
    sum.observer = observer
  }

  /// This rank's values of the next bucket are complete: they must not be touched before `finish()` has returned. Does not
  /// wait, and allocates nothing.
  public func startNextBucket() throws(CommunicationError) {
    guard case .summed(let sum, _, _) = route else { return }
    try sum.start()
  }

  /// Whether `finish()` would return at once.
  public var isComplete: Bool {
    guard case .summed(let sum, _, _) = route else { return true }
    return sum.isComplete
  }

  /// Buckets have been started that some rank still waits for, as far as this rank has looked.
  public var isUnderWay: Bool {
    guard case .summed(let sum, _, _) = route else { return false }
    return sum.isUnderWay
  }

  /// Waits until every value is the sum over all ranks, the same bits on every rank.
  ///
  ///     Σ sum[i]²,  i < normCount
  ///
  /// - Returns: the squared Euclidean norm, added in double; the same bits on every rank, whatever its CPU. It is finite
  ///   exactly if all of these values are.
  /// - Precondition: every bucket has been started.
  public func finish() throws(CommunicationError) -> Double {
    guard case .summed(let sum, let pulse, let polling) = route else {
      guard let start = floats.baseAddress else { return 0 }
      return cmpi_sum_of_squares(start, Int64(aloneNormCount))
    }
    pulse.arrive(at: .gradientSum)
    defer { pulse.leave() }
    try polling.wait { () throws(CommunicationError) -> Bool in
      try sum.poll()
      return sum.isComplete
    }
    return sum.squaredNorm
  }

  /// Starts everything and finishes it.
  public func allReduceSum() throws(CommunicationError) { _ = try allReduceSum(normOfFirst: 0) }

  /// The same, with the squared norm of the first `count` values.
  public func allReduceSum(normOfFirst count: Int) throws(CommunicationError) -> Double {
    normCount = count
    for _ in buckets { try startNextBucket() }
    return try finish()
  }
}
