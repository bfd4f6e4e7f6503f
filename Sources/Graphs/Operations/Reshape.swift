import Tensors

/// The same elements in the same order under another shape; costs nothing.
public struct Reshape: Operation {
  public let outputShape: Shape

  public var name: String { "reshape" }
  public var role: OperationRole { .view(offset: 0) }

  public func shape(of inputs: [Shape]) throws -> Shape {
    guard inputs[0].count == outputShape.count else {
      throw ShapeError("\(inputs[0]) has \(inputs[0].count) elements, \(outputShape) has \(outputShape.count)")
    }
    return outputShape
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    [try application.outputGradient.reshaped(to: application.inputs[0].shape)]
  }

  public func cost(inputs: [Shape], output: Shape) -> Cost { Cost(operations: 0, bytes: 0) }
}

extension Value {
  /// The same elements as `shape`.
  public func reshaped(to shape: Shape) throws -> Value {
    if shape == self.shape { return self }
    if let constant, shape.count == self.shape.count { return try graph.constant(constant, shape: shape) }
    if node.operation is Reshape {
      return try Value(graph: graph, index: node.inputs[0]).reshaped(to: shape)
    }
    return try graph.apply(Reshape(outputShape: shape), [self])
  }

  /// `[N, …]` as `[N, product of the rest]`.
  public var flattened: Value {
    get throws { try reshaped(to: [shape[0], shape.dimensions.dropFirst().reduce(1, *)]) }
  }
}

/// A value that passes forward and lets no gradient back.
public struct StopGradient: Operation {
  public var name: String { "stopGradient" }
  public var role: OperationRole { .view(offset: 0) }
  public func shape(of inputs: [Shape]) -> Shape { inputs[0] }
  public func gradients(_ application: Application) -> [Value?] { [nil] }
  public func cost(inputs: [Shape], output: Shape) -> Cost { Cost(operations: 0, bytes: 0) }
}

extension Value {
  /// The same value; gradients end here.
  public var detached: Value { get throws { try graph.apply(StopGradient(), [self]) } }
}

/// The same value under a name of its own: nothing that is built on it looks through to what it was made of.
public struct Alias: Operation {
  /// Keeps aliases of one value apart, where it is several inputs of an operation.
  public let position: Int

  public var name: String { "alias" }
  public var role: OperationRole { .view(offset: 0) }
  public func shape(of inputs: [Shape]) -> Shape { inputs[0] }
  public func gradients(_ application: Application) -> [Value?] { [application.outputGradient] }
  public func cost(inputs: [Shape], output: Shape) -> Cost { Cost(operations: 0, bytes: 0) }
}
