import Tensors

/// The computation of one phase: a list of operation applications, each after the values it uses.
///
/// Built once by ordinary Swift code, differentiated, planned, then run millions of times by a program. The order of
/// creation is a valid order of execution; an effect sees every read that was made before it.
public final class Graph {
  public struct Node {
    public let operation: any Operation
    /// Indices of the nodes whose values this one uses.
    public let inputs: [Int]
    public let shape: Shape
    /// The layer that made it.
    public let layer: String
    /// Number of effects made before it: nodes of different epochs are never fused. Of a stored value, the effects up to
    /// the last that writes its block, so that reads are shared until then.
    public let epoch: Int
  }

  private struct Key: Hashable {
    let operation: AnyHashable
    let inputs: [Int]
    let epoch: Int
  }

  public private(set) var nodes: [Node] = []
  /// Nodes that write state, in order.
  public private(set) var effects: [Int] = []
  private var known: [Key: Int] = [:]
  /// Per block that effects write, the number of effects up to the last of those.
  private var lastWrites: [StateBlock: Int] = [:]
  private var layer = ""

  public init() {}

  /// Applies an operation and returns its value; an equal application made before is shared.
  ///
  /// - Throws: `GraphError` naming the layer when the shapes do not fit.
  public func apply(_ operation: some Operation, _ inputs: [Value]) throws -> Value {
    for input in inputs {
      precondition(input.graph === self, "\(operation.name) mixes values of two graphs")
    }
    let role = operation.role
    let key = Key(operation: AnyHashable(operation), inputs: inputs.map(\.index), epoch: epoch(of: role))
    if let index = known[key] { return Value(graph: self, index: index) }
    let shape = try namingLayer(operation.name) { try operation.shape(of: inputs.map(\.shape)) }
    nodes.append(Node(operation: operation, inputs: key.inputs, shape: shape, layer: layer, epoch: key.epoch))
    let index = nodes.count - 1
    if case .effect(let writes) = role {
      effects.append(index)
      for block in writes { lastWrites[block] = effects.count }
    } else {
      known[key] = index
    }
    return Value(graph: self, index: index)
  }

  private func epoch(of role: OperationRole) -> Int {
    guard case .stored(let block, _) = role else { return effects.count }
    return lastWrites[block] ?? 0
  }

  /// Gives shapes that do not fit an operation the name of the layer where that happened.
  func namingLayer<Result>(_ operation: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as ShapeError {
      throw GraphError(layer: layer, reason: "\(operation): \(error.description)")
    }
  }

  /// Runs `body` with every application made inside attributed to `layer`.
  public func inLayer<Result>(_ layer: String, _ body: () throws -> Result) rethrows -> Result {
    let outer = self.layer
    self.layer = layer
    defer { self.layer = outer }
    return try body()
  }

  /// The layer that applications are attributed to now.
  public var currentLayer: String { layer }
}

/// The result of one application in a graph: a symbolic tensor of known shape.
public struct Value {
  public let graph: Graph
  public let index: Int

  public var node: Graph.Node { graph.nodes[index] }
  public var shape: Shape { graph.nodes[index].shape }

  package init(graph: Graph, index: Int) {
    self.graph = graph
    self.index = index
  }

  /// The number that every element has, if that is known when the graph is built.
  var constant: Float? {
    if case .constant(let number) = node.operation.role { return number }
    return nil
  }
}

extension Value: Hashable {
  public static func == (a: Value, b: Value) -> Bool { a.graph === b.graph && a.index == b.index }
  public func hash(into hasher: inout Hasher) { hasher.combine(index) }
}
