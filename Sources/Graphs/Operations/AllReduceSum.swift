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
  public var extent = RankExtent.all

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

/// The sum of `x` over the ranks of `extent`.
public func allReduceSum(_ x: Value, over extent: RankExtent = .all) throws -> Value {
  try x.graph.apply(AllReduceSum(extent: extent), [x])
}
