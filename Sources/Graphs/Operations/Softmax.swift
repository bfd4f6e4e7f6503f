import CKernels
import Tensors

/// exp(x − max x) / Σ exp(x − max x) over the last axis.
public struct Softmax: Operation {
  public var name: String { "softmax" }
  public func shape(of inputs: [Shape]) throws -> Shape {
    guard inputs[0].rank >= 1 else { throw ShapeError("a scalar has no axis to normalise over") }
    return inputs[0]
  }
  public func cost(inputs: [Shape], output: Shape) -> Cost { .pass(inputs, output, operationsPerElement: 13) }

  public func gradients(_ application: Application) throws -> [Value?] {
    let graph = application.output.graph
    return [try graph.apply(SoftmaxGradient(), [application.output, application.outputGradient])]
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    let (x, y) = (context.inputs[0], context.output)
    let columns = context.outputShape.last
    return bindRows(context, elements: 4 * context.outputShape.count) { first, rows in
      ck_softmax_rows(x + first * columns, y + first * columns, Int64(rows), Int64(columns))
    }
  }
}

/// xGradient = y · (yGradient − Σ yGradient · y) over the last axis, for y = softmax(x).
public struct SoftmaxGradient: Operation {
  public var name: String { "softmaxGradient" }
  public func shape(of inputs: [Shape]) throws -> Shape {
    guard inputs[0] == inputs[1] else { throw ShapeError("\(inputs[0]) and \(inputs[1])") }
    return inputs[0]
  }
  public func cost(inputs: [Shape], output: Shape) -> Cost { .pass(inputs, output, operationsPerElement: 4) }

  public func gradients(_ application: Application) throws -> [Value?] {
    return try decomposedGradients(of: application.inputs, seed: application.outputGradient) { x in
      let (y, g) = (x[0], x[1])
      return try y * (g - (g * y).sum(axes: [y.shape.rank - 1]))
    }
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    let (y, g, x) = (context.inputs[0], context.inputs[1], context.output)
    let columns = context.outputShape.last
    return bindRows(context, elements: 3 * context.outputShape.count) { first, rows in
      let i = first * columns
      ck_softmax_gradient_rows(y + i, g + i, x + i, Int64(rows), Int64(columns))
    }
  }
}

/// A kernel over the rows of the output, which different threads take.
private func bindRows(
  _ context: KernelContext, elements: Int, _ body: @escaping (_ first: Int, _ rows: Int) -> Void
) -> Kernel {
  let shape = context.outputShape
  // Rows shorter than a vector go by whole vectors.
  let grain = max(1, 16 / max(1, shape.last))
  return context.team.bind(over: shape.leading, grain: grain, elements: elements) { body($0.lowerBound, $0.count) }
}

/// The softmax of `x` over its last axis. Over one column it is the constant 1, with no gradient at all.
public func softmax(_ x: Value) throws -> Value {
  if x.shape.last == 1 { return try x.graph.constant(1, shape: x.shape) }
  return try x.graph.apply(Softmax(), [x])
}
