import CKernels
import Communication
import Tensors

/// Which ranks a sum goes over.
public enum RankExtent: Hashable, Sendable {
  case all
  /// Those that share this one's machine.
  case node
}

/// The sum of a tensor over ranks, the same on all of them bit for bit.
///
/// Its gradient is itself: a loss that every rank adds its share to depends on every rank's value through the sum.
public struct AllReduceSum: Operation {
  /// The block that the input lies in, where that block knows a faster way to be summed.
  public let block: StateBlock?
  public var extent = RankExtent.all
  /// Of how many floats from the start of the block the norm is kept with it.
  public var normCount: Int?

  public var name: String {
    switch extent {
    case .all: "allReduceSum"
    case .node: "allReduceSumOnNode"
    }
  }
  public var role: OperationRole { .inPlaceKernel }
  public var isCollective: Bool { true }
  public func shape(of inputs: [Shape]) -> Shape { inputs[0] }

  public func gradients(_ application: Application) throws -> [Value?] {
    [try allReduceSum(application.outputGradient, over: extent)]
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    let (input, output) = (context.inputs[0], context.output)
    let count = context.outputShape.count
    if let block, let reducible = block.reducible, output == block.pointer, input == output {
      if let normCount { return { block.squaredNorm = try reducible.allReduceSum(normOfFirst: normCount) } }
      return { try reducible.allReduceSum() }
    }
    precondition(normCount == nil, "a norm comes with the sum of a reducible block in its place only")
    let (communicator, extent) = (context.communicator, extent)
    return {
      if input != output { ck_copy_strided(input, Int64(count), output, Int64(count), 1, Int64(count)) }
      let values = UnsafeMutableBufferPointer(start: output, count: count)
      switch extent {
      case .all: try communicator.allReduceSum(values)
      case .node: try communicator.allReduceSumOnNode(values)
      }
    }
  }
}

/// The sum of `x` over all ranks; `block` is the reducible block that `x` was packed into, if it was.
///
/// - Parameter normOfFirst: how many floats of the sum the block shall know the norm of afterwards.
public func allReduceSum(_ x: Value, in block: StateBlock? = nil, normOfFirst count: Int? = nil) throws -> Value {
  try x.graph.apply(AllReduceSum(block: block, normCount: count), [x])
}

/// The sum of `x` over the ranks of `extent`.
public func allReduceSum(_ x: Value, over extent: RankExtent) throws -> Value {
  try x.graph.apply(AllReduceSum(block: nil, extent: extent), [x])
}
