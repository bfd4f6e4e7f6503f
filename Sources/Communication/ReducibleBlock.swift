import CMPI
import Tensors

/// This rank's float32 values of something that all ranks sum, in memory chosen for that: gradients.
///
/// How they are summed (in memory that the node's ranks share, or by MPI) is settled when the block is made and hidden
/// behind `allReduceSum()`.
public final class ReducibleBlock {
  enum Route {
    /// One rank: the sum is there already.
    case alone
    /// All ranks see each other's values.
    case shared(SharedSum, Pulse)
    /// By the communicator's own all-reduce.
    case library(any Communicator)
  }

  /// The values' memory; it belongs to the communicator and must not be used after its `close()`.
  public let memory: MemoryBlock
  /// How many values the ranks sum.
  public let floatCount: Int
  private let route: Route

  init(memory: MemoryBlock, floatCount: Int, route: Route) {
    precondition(memory.byteCount >= 4 * floatCount, "\(memory.byteCount) bytes for \(floatCount) float32 values")
    self.memory = memory
    self.floatCount = floatCount
    self.route = route
  }

  /// A block of a single rank.
  static func alone(floatCount: Int) -> ReducibleBlock {
    ReducibleBlock(memory: MemoryBlock(byteCount: 4 * floatCount), floatCount: floatCount, route: .alone)
  }

  /// The values of this rank; 64-byte aligned.
  public var floats: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: memory.address.assumingMemoryBound(to: Float.self), count: floatCount)
  }

  /// Replaces every value by its sum over all ranks, in place; the same bits on every rank. Allocates nothing.
  public func allReduceSum() throws(CommunicationError) {
    switch route {
    case .alone: return
    case .shared(let sum, let pulse):
      pulse.arrive(at: .gradientSum)
      defer { pulse.leave() }
      try sum.run()
    case .library(let communicator):
      communicator.pulse.arrive(at: .gradientSum)
      defer { communicator.pulse.leave() }
      try communicator.allReduceSum(floats)
    }
  }

  /// As `allReduceSum()`, and tells how large the sum is, for little more than the sum alone where memory is shared.
  ///
  ///     Σ sum[i]²,  i < count
  ///
  /// - Parameter count: how many values from the first on the norm covers, at most `floatCount`.
  /// - Returns: the squared Euclidean norm, added in double; the same bits on every rank, whatever its CPU. It is finite
  ///   exactly if all of these values are.
  /// - Precondition: the same `count` on every rank.
  public func allReduceSum(normOfFirst count: Int) throws(CommunicationError) -> Double {
    precondition(count >= 0 && count <= floatCount, "the norm of \(count) of \(floatCount) values")
    if case .shared(let sum, let pulse) = route {
      pulse.arrive(at: .gradientSum)
      defer { pulse.leave() }
      return try sum.run(squaresOfFirst: count)
    }
    try allReduceSum()
    guard let start = floats.baseAddress else { return 0 }
    return cmpi_sum_of_squares(start, Int64(count))
  }
}
