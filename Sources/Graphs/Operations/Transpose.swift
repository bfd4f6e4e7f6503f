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
    let rows = Int64(shape[shape.rank - 2])
    let columns = Int64(shape.last)
    let batch = rows * columns == 0 ? 0 : Int64(shape.count) / (rows * columns)
    let (input, output) = (context.inputs[0], context.output)
    return { ck_transpose(input, output, batch, rows, columns) }
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
