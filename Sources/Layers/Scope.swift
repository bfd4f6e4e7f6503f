import Graphs
import Tensors

/// Extra terms of a network's loss that its layers ask for.
public final class Penalties {
  /// Means over this rank's samples; ranks weigh theirs by the share of the batch that they have.
  public fileprivate(set) var sampleMeans: [Value] = []
  /// Functions of the parameters alone, to be divided by the number of ranks.
  public fileprivate(set) var weightTerms: [Value] = []

  public init() {}
}

/// How the convolutions, dense layers and embeddings of a network get their weights.
public struct WeightOptions {
  public var initializer: Initializer
  /// Where given, weights are divided by their largest singular value.
  public var spectral: SpectralVectors?
  /// The block to read singular vectors from, where it is not the vectors' own: those of averaged parameters.
  public var spectralSource: StateBlock?

  public init(
    initializer: Initializer = .glorotUniform, spectral: SpectralVectors? = nil, spectralSource: StateBlock? = nil
  ) {
    self.initializer = initializer
    self.spectral = spectral
    self.spectralSource = spectralSource
  }
}

/// Where a layer puts its parameters: a graph, a network's table, and a path in it.
public struct Scope {
  /// What all scopes of a network in a graph share.
  private struct Network {
    let graph: Graph
    let parameters: ParameterTable
    let source: StateBlock
    let weights: WeightOptions
    let norms: NormMode
    let penalties = Penalties()
    let observations: Observations
    let measurements = NormMeasurements()
  }

  private let network: Network
  public let path: String

  public var graph: Graph { network.graph }
  public var parameters: ParameterTable { network.parameters }
  /// How weights start, and whether they are normalised.
  public var weights: WeightOptions { network.weights }
  /// Which statistics batch norms use.
  public var norms: NormMode { network.norms }
  public var penalties: Penalties { network.penalties }
  public var observations: Observations { network.observations }
  /// What batch norms measured, in `.measuring` mode.
  public var measurements: NormMeasurements { network.measurements }

  /// The root of a network in a graph.
  /// - Parameters:
  ///   - source: an average to use instead of the live parameters.
  ///   - isWatched: whether layers add what they offer for watching to the graph.
  public init(
    graph: Graph, parameters: ParameterTable, source: StateBlock? = nil, weights: WeightOptions = WeightOptions(),
    norms: NormMode = .training(.global), isWatched: Bool = false
  ) {
    network = Network(
      graph: graph, parameters: parameters, source: source ?? parameters.values, weights: weights, norms: norms,
      observations: Observations(isWatched: isWatched))
    path = parameters.name
  }

  private init(network: Network, path: String) {
    self.network = network
    self.path = path
  }

  /// The scope of a layer inside this one.
  public static func / (scope: Scope, name: String) -> Scope {
    Scope(network: scope.network, path: scope.path + "/" + name)
  }

  /// The parameter `path/name`.
  public func parameter(_ name: String, _ shape: Shape, _ initializer: Initializer) throws -> Value {
    try read(parameters.entry(path + "/" + name, shape: shape, initializer: initializer, layer: path))
  }

  /// The value of a parameter as this scope reads it: live or averaged.
  func read(_ entry: ParameterTable.Entry) throws -> Value {
    try graph.read(network.source, at: entry.offset, shape: entry.shape)
  }

  /// Builds a layer: errors and profiles inside carry this path.
  public func layer<Result>(_ body: () throws -> Result) rethrows -> Result { try graph.inLayer(path, body) }

  /// Offers a scalar for watching; it is only made where somebody watches.
  public func observe(_ name: String, _ value: @autoclosure () throws -> Value) rethrows {
    if observations.isWatched { observations.add(path + "/" + name, try value()) }
  }

  /// Offers attention's weights for watching.
  ///
  /// - Parameter positions: of an image, where the queries are its positions and the keys these pooled 2×2.
  /// - Shapes: weights `[N, T, S]`.
  func observe(map weights: Value, positions: (height: Int, width: Int)? = nil) {
    if observations.isWatched { observations.add(.init(name: path, weights: weights, positions: positions)) }
  }

  /// Adds the mean of something over the samples that pass through the layer to the network's loss.
  ///
  /// - Parameter sampleMean: the mean over this rank's samples, a scalar.
  public func penalize(sampleMean: Value) { penalties.sampleMeans.append(sampleMean) }

  /// Adds a function of the parameters to the network's loss.
  public func penalize(weights: Value) { penalties.weightTerms.append(weights) }

  /// The parameter `path/bias` behind a weight with so many inputs: 0, or uniform in ±1/√inputs where weights start as
  /// PyTorch's layers do.
  func bias(_ units: Int, inputs: Int) throws -> Value {
    let limit = 1 / Float(max(1, inputs)).squareRoot()
    return try parameter(
      "bias", [units], weights.initializer == .fanInUniform ? .uniform(low: -limit, high: limit) : .zeros)
  }
}
