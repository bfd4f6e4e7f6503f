import CKernels
import Tensors

/// Exchanges the last two axes. Products take transposed operands without this; it is for the rest.
public struct Transpose: Operation {
  public var name: String { "transpose" }

  public func shape(of inputs: [Shape]) throws -> Shape {
    guard inputs[0].rank >= 2 else { throw ShapeError("\(inputs[0]) has no two axes to exchange") }
    var dimensions = inputs[0].dimensions
    dimensions.swapAt(dimensions.count - 1, dimensions.count - 2)
    return Shape(dimensions)
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    [try application.outputGradient.transposed]
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    let shape = context.inputShapes[0]
    let (rows, columns) = (shape[shape.rank - 2], shape.last)
    let size = rows * columns
    let batch = size == 0 ? 0 : shape.count / size
    let (input, output, team) = (context.inputs[0], context.output, context.team)
    if batch >= team.count {
      return team.bind(over: batch, elements: 2 * shape.count) { range in
        ck_transpose(
          input + range.lowerBound * size, output + range.lowerBound * size, Int64(range.count), Int64(rows),
          Int64(columns))
      }
    }
    // Few large matrices: each thread writes some of the result's rows.
    return team.bind(over: columns, grain: 16, elements: 2 * shape.count) { range in
      for index in 0..<batch {
        ck_transpose_strided(
          input + index * size + range.lowerBound, Int64(columns), output + index * size + range.lowerBound * rows,
          Int64(rows), Int64(rows), Int64(range.count))
      }
    }
  }
}

extension Value {
  /// The last two axes exchanged.
  public var transposed: Value {
    get throws {
      if node.operation is Transpose { return Value(graph: graph, index: node.inputs[0]) }
      return try graph.apply(Transpose(), [self])
    }
  }
}
