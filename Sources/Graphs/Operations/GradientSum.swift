import Communication
import Tensors

/// Hands the values of a block's next bucket over to be summed over all ranks, and goes on at once: the sum is there after
/// `FinishSum`.
///
/// Input: what was packed into the bucket. Nothing may write there until the sum is finished.
public struct StartSum: Operation {
  public let block: StateBlock
  /// Which of the block's buckets: they are started in order.
  public let bucket: Int

  public var name: String { "startSum" }
  public var isCollective: Bool { true }
  public var isUrgent: Bool { true }
  public func shape(of inputs: [Shape]) -> Shape { [0] }
  public func gradients(_ application: Application) -> [Value?] { [nil] }
  public func cost(inputs: [Shape], output: Shape) -> Cost { Cost(operations: 0, bytes: 0) }

  public func kernel(_ context: KernelContext) -> Kernel {
    guard let reducible = block.reducible else { preconditionFailure("\(block.name) cannot be summed") }
    return { try reducible.startNextBucket() }
  }
}

/// Waits for the sum of all of a block's buckets over all ranks, and keeps its norm with the block.
public struct FinishSum: Operation {
  public let block: StateBlock

  public var name: String { "finishSum" }
  public var role: OperationRole { .effect(writes: [block]) }
  public var isCollective: Bool { true }
  public func shape(of inputs: [Shape]) -> Shape { [0] }
  public func gradients(_ application: Application) -> [Value?] { application.inputs.map { _ in nil } }
  public func cost(inputs: [Shape], output: Shape) -> Cost { Cost(operations: 0, bytes: 8 * block.count) }

  public func kernel(_ context: KernelContext) -> Kernel {
    guard let reducible = block.reducible else { preconditionFailure("\(block.name) cannot be summed") }
    let block = block
    return { block.squaredNorm = try reducible.finish() }
  }
}

extension Graph {
  /// Starts the sum of bucket number `bucket` of `block` over all ranks once `values` lie there; keep the result among the
  /// plan's outputs.
  ///
  /// - Parameters:
  ///   - values: those of the bucket, to be written at `offsets` of the block.
  public func startSum(
    of values: [Value], at offsets: [Int], bucket: Int, of block: StateBlock
  ) throws -> Value {
    try apply(StartSum(block: block, bucket: bucket), [pack(values, at: offsets, of: block)])
  }

  /// The sum of `block` over all ranks, whose buckets were `started` here, or by another program.
  ///
  /// - Shapes: `[block.count]`
  public func finishSum(of block: StateBlock, after started: [Value] = []) throws -> Value {
    _ = try apply(FinishSum(block: block), started)
    return try read(block, shape: [block.count])
  }
}
