import Tensors

/// A tensor that lies in a state block: a parameter, a batch, a scalar of the step.
public struct StateRead: Operation {
  public let block: StateBlock
  /// First float of the tensor in the block.
  public let offset: Int
  public let outputShape: Shape

  public var name: String { "state" }
  public var role: OperationRole { .stored(block, offset: offset) }
  public func shape(of inputs: [Shape]) -> Shape { outputShape }
  public func gradients(_ application: Application) -> [Value?] { [] }
  public func cost(inputs: [Shape], output: Shape) -> Cost { Cost(operations: 0, bytes: 0) }
}

extension Graph {
  /// The tensor of `shape` that starts at `offset` in `block`, as it is when the program runs.
  public func read(_ block: StateBlock, at offset: Int = 0, shape: Shape) throws -> Value {
    try apply(StateRead(block: block, offset: offset, outputShape: shape), [])
  }
}

extension Graph {
  /// A tensor of fixed numbers.
  public func literal(_ numbers: [Float], shape: Shape) throws -> Value {
    precondition(numbers.count == shape.count, "\(numbers.count) numbers for shape \(shape)")
    let block = StateBlock(name: "literal", count: numbers.count)
    block.allocate()
    for (index, number) in numbers.enumerated() { block.values[index] = number }
    return try read(block, shape: shape)
  }
}
