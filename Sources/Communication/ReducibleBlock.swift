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
    case shared(SharedSum)
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
    case .shared(let sum): try sum.run()
    case .library(let communicator): try communicator.allReduceSum(floats)
    }
  }
}
