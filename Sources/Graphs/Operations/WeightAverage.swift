import CKernels
import Tensors

/// a ← d·a + (1 − d)·p, the exponential moving average of a network's parameters.
///
/// Inputs: the scalars d and apply. Runs after every update that was made before it.
public struct WeightAverage: Operation {
  public let average: StateBlock
  public let parameters: StateBlock

  public init(average: StateBlock, parameters: StateBlock) {
    self.average = average
    self.parameters = parameters
  }

  public var name: String { "weightAverage" }
  public var role: OperationRole { .effect(writes: [average]) }
  public func gradients(_ application: Application) -> [Value?] { application.inputs.map { _ in nil } }

  public func shape(of inputs: [Shape]) throws -> Shape {
    guard inputs.allSatisfy({ $0 == .scalar }), average.count == parameters.count else {
      throw ShapeError("average of \(parameters.count) parameters into \(average.count)")
    }
    return [0]
  }

  public func cost(inputs: [Shape], output: Shape) -> Cost {
    Cost(operations: parameters.count * 3, bytes: parameters.count * 12)
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    let (a, p) = (average.pointer, parameters.pointer)
    let x = context.inputs
    return context.team.bind(over: parameters.count, grain: 16, elements: 3 * parameters.count) { range in
      ck_average(
        a + range.lowerBound, p + range.lowerBound, Int64(range.count), x[0].pointee, x[1].pointee)
    }
  }
}
