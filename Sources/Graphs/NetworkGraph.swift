import Tensors

/// A network in a graph of its own: what goes in and what comes out, by name, for batches of one size.
public struct NetworkGraph {
  /// A batch that somebody fills before the network runs.
  public struct Input {
    public let name: String
    public let block: StateBlock
    /// `[batch, …]`
    public let value: Value

    public init(name: String, block: StateBlock, value: Value) {
      self.name = name
      self.block = block
      self.value = value
    }
  }

  public struct Output {
    public let name: String
    /// `[batch, …]`
    public let value: Value

    public init(name: String, value: Value) {
      self.name = name
      self.value = value
    }
  }

  public let graph: Graph
  /// Samples of a batch.
  public let batch: Int
  public private(set) var inputs: [Input] = []
  public var outputs: [Output] = []

  public init(batch: Int) {
    graph = Graph()
    self.batch = batch
  }

  /// Adds an input of `shape` a sample.
  ///
  /// - Returns: `[batch, …]`
  public mutating func addInput(_ name: String, shape: Shape) throws -> Value {
    let shape = Shape([batch] + shape.dimensions)
    let block = StateBlock(name: "\(name) of a batch", count: shape.count)
    let value = try graph.read(block, shape: shape)
    inputs.append(Input(name: name, block: block, value: value))
    return value
  }
}
