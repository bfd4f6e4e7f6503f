import Kernels
import Tensors

/// Writes tensors, flattened, at given offsets of one flat tensor that may lie in a block: the gradients of a network.
/// What lies between them is left as it is.
public struct Pack: Operation {
  public let offsets: [Int]
  public let count: Int
  public let destination: StateBlock

  public var name: String { "pack" }
  /// Whoever waits for the block can go on, and the inputs' memory is free.
  public var isUrgent: Bool { true }
  public var role: OperationRole { .placement(offsets: offsets, destination: destination) }

  public func shape(of inputs: [Shape]) throws -> Shape {
    for (offset, input) in zip(offsets, inputs) where offset + input.count > count {
      throw ShapeError("\(input) at offset \(offset) ends beyond \(count)")
    }
    return [count]
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    try zip(offsets, application.inputs).map { offset, input in
      try application.outputGradient.slice(offset..<offset + input.shape.count).reshaped(to: input.shape)
    }
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    context.team.bind(
      zip(zip(context.inputs, context.inputShapes), offsets).map { part, offset in
        StridedCopy(
          source: part.0, stride: part.1.count, destination: context.output + offset, stride: part.1.count, rows: 1,
          columns: part.1.count)
      })
  }
}

/// `values` at `offsets` (floats) of the whole of `block`.
public func pack(_ values: [Value], at offsets: [Int], of block: StateBlock) throws -> Value {
  try values[0].graph.apply(Pack(offsets: offsets, count: block.count, destination: block), values)
}
