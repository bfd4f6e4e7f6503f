import Graphs
import Tensors

/// All parameters of one network: one block of memory, and a table of names over it.
///
/// Layers declare their parameters while a graph is built; building the same network into another graph finds the same
/// entries. The block gets its memory when all graphs are built.
public final class ParameterTable {
  public struct Entry {
    /// The full path: `generator/attention/query/kernel`.
    public let name: String
    public let shape: Shape
    /// First float in the block; a multiple of 16.
    public let offset: Int
    public let initializer: Initializer
  }

  /// The network: `generator` or `discriminator`.
  public let name: String
  public private(set) var entries: [Entry] = []
  /// The parameters' block.
  public let values: StateBlock
  private var indices: [String: Int] = [:]

  public init(name: String) {
    self.name = name
    values = StateBlock(name: "\(name) parameters")
  }

  /// The number of parameters, without the padding between them.
  public var parameterCount: Int { entries.reduce(0) { $0 + $1.shape.count } }

  /// The entry called `name`, made at the first call.
  public func entry(_ name: String, shape: Shape, initializer: Initializer, layer: String) throws -> Entry {
    if let index = indices[name] {
      guard entries[index].shape == shape else {
        throw GraphError(
          layer: layer, reason: "parameter \(name) has shape \(entries[index].shape) already, not \(shape)")
      }
      return entries[index]
    }
    let entry = Entry(name: name, shape: shape, offset: values.reserve(shape.count), initializer: initializer)
    indices[name] = entries.count
    entries.append(entry)
    return entry
  }

  /// The memory of one parameter in a block that is laid out like this table: parameters, moments or averages.
  public func slice(_ entry: Entry, of block: StateBlock) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(rebasing: block.values[entry.offset..<entry.offset + entry.shape.count])
  }

  /// Fills all parameters from their initialisers.
  /// - Precondition: the block has its memory.
  public func initialize(seed: UInt64) {
    for entry in entries {
      entry.initializer.fill(slice(entry, of: values), shape: entry.shape, name: entry.name, seed: seed)
    }
  }
}

/// Extra terms of a network's loss that its layers ask for.
public final class Penalties {
  /// Means over this rank's samples; ranks weigh theirs by the share of the batch that they have.
  public fileprivate(set) var sampleMeans: [Value] = []
  /// Functions of the parameters alone, to be divided by the number of ranks.
  public fileprivate(set) var weightTerms: [Value] = []

  public init() {}
}

/// Where a layer puts its parameters: a graph, a network's table, and a path in it.
public struct Scope {
  public let graph: Graph
  public let parameters: ParameterTable
  public let penalties: Penalties
  public let observations: Observations
  public let path: String
  /// The block to read parameters from: the table's own, or their average.
  private let source: StateBlock

  /// The root of a network in a graph.
  /// - Parameter source: an average to use instead of the live parameters.
  public init(graph: Graph, parameters: ParameterTable, source: StateBlock? = nil) {
    self.init(
      graph: graph, parameters: parameters, penalties: Penalties(), observations: Observations(),
      path: parameters.name, source: source ?? parameters.values)
  }

  private init(
    graph: Graph, parameters: ParameterTable, penalties: Penalties, observations: Observations, path: String,
    source: StateBlock
  ) {
    self.graph = graph
    self.parameters = parameters
    self.penalties = penalties
    self.observations = observations
    self.path = path
    self.source = source
  }

  /// The scope of a layer inside this one.
  public static func / (scope: Scope, name: String) -> Scope {
    Scope(
      graph: scope.graph, parameters: scope.parameters, penalties: scope.penalties,
      observations: scope.observations, path: scope.path + "/" + name, source: scope.source)
  }

  /// The parameter `path/name`.
  public func parameter(_ name: String, _ shape: Shape, _ initializer: Initializer) throws -> Value {
    let entry = try parameters.entry(path + "/" + name, shape: shape, initializer: initializer, layer: path)
    return try graph.read(source, at: entry.offset, shape: shape)
  }

  /// Builds a layer: errors and profiles inside carry this path.
  public func layer<Result>(_ body: () throws -> Result) rethrows -> Result { try graph.inLayer(path, body) }

  /// Offers a scalar for watching.
  public func observe(_ name: String, _ value: Value) { observations.add(path + "/" + name, value) }

  /// Adds the mean of something over the samples that pass through the layer to the network's loss.
  ///
  /// - Parameter sampleMean: the mean over this rank's samples, a scalar.
  public func penalize(sampleMean: Value) { penalties.sampleMeans.append(sampleMean) }

  /// Adds a function of the parameters to the network's loss.
  public func penalize(weights: Value) { penalties.weightTerms.append(weights) }
}
