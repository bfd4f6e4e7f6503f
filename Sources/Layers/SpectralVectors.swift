import Graphs
import Tensors

/// The singular vectors of a network's spectrally normalised weights: state that is saved beside the parameters and never
/// averaged.
///
///     σ = vᵀ·W·u, with W as `[product of all extents but the last, last]`
///
/// Layers register their weights while a graph is built. One `PowerIteration` per update follows the weights; between
/// updates u and v are constants.
public final class SpectralVectors {
  /// `<weight>/u` `[columns]` and `<weight>/v` `[rows]` of every registered weight.
  public let table: ParameterTable
  public let matrices = SpectralMatrices()

  public init(name: String) { table = ParameterTable(name: name, kind: "spectral vectors") }

  /// The block of all vectors.
  public var values: StateBlock { table.values }

  /// True where no layer asked for normalisation.
  public var isEmpty: Bool { table.entries.isEmpty }

  /// The places of a weight's vectors, made at the first call.
  func entries(
    for weight: ParameterTable.Entry, layer: String
  ) throws -> (u: ParameterTable.Entry, v: ParameterTable.Entry) {
    let (rows, columns) = (weight.shape.leading, weight.shape.last)
    let count = table.entries.count
    let u = try table.entry(weight.name + "/u", shape: [columns], initializer: .normal(), layer: layer)
    let v = try table.entry(weight.name + "/v", shape: [rows], initializer: .normal(), layer: layer)
    if table.entries.count > count {
      matrices.add(
        SpectralMatrices.Matrix(
          rows: rows, columns: columns, weight: weight.offset, u: u.offset, v: v.offset))
    }
    return (u, v)
  }

  /// Starts all vectors: random directions by the seed and the weights' names, then some iterations.
  ///
  /// - Precondition: parameters and vectors have their memory; the parameters have their numbers.
  public func start(parameters: StateBlock, seed: UInt64, iterations: Int = 10) {
    table.initialize(seed: seed)
    warmUp(values, parameters: parameters, iterations: iterations)
  }

  /// Follows averaged parameters in a block of their own, from the vectors of the live ones.
  ///
  /// - Parameter block: laid out like `values`, with memory.
  public func follow(_ parameters: StateBlock, into block: StateBlock, iterations: Int = 10) {
    precondition(block.count == values.count, "\(block.count) floats for \(values.count) of singular vectors")
    _ = block.values.update(fromContentsOf: values.values)
    warmUp(block, parameters: parameters, iterations: iterations)
  }

  /// A block laid out like `values`, without memory yet.
  /// - Precondition: all layers have been built.
  public func makeBlock(name: String) -> StateBlock { StateBlock(name: name, count: values.count) }

  /// Some iterations for all vectors in `block`.
  public func warmUp(_ block: StateBlock, parameters: StateBlock, iterations: Int) {
    if isEmpty { return }
    let workspace = MemoryBlock(byteCount: matrices.workspaceCount * MemoryLayout<Float>.stride)
    guard let scratch = workspace.floats.baseAddress else { return }
    for _ in 0..<iterations {
      matrices.iterate(weights: parameters.pointer, vectors: block.pointer, workspace: scratch)
    }
  }
}

extension Scope {
  /// The weight `path/name` of a convolution, a dense layer or an embedding: W, or W/σ where the network normalises.
  ///
  ///     σ = vᵀ·W·u
  ///
  /// The gradient is exact for fixed u and v: σ depends on W.
  ///
  /// - Parameter initializer: how the numbers start, where not as the network's weights do.
  /// - Parameter scale: factor on the initial numbers.
  /// - Source: Miyato et al., 2018.
  public func weight(
    _ name: String, _ shape: Shape, initializer: Initializer? = nil, scale: Float = 1
  ) throws -> Value {
    let plain = initializer ?? weights.initializer
    let initializer = scale == 1 ? plain : .scaled(plain, by: scale)
    let entry = try parameters.entry(path + "/" + name, shape: shape, initializer: initializer, layer: path)
    let weight = try read(entry)
    guard let vectors = weights.spectral else { return weight }
    let places = try vectors.entries(for: entry, layer: path)
    let block = weights.spectralSource ?? vectors.values
    let (rows, columns) = (shape.leading, shape.last)
    let v = try graph.read(block, at: places.v.offset, shape: [1, rows])
    let u = try graph.read(block, at: places.u.offset, shape: [1, columns])
    let sigma = try (matmul(v, weight.reshaped(to: [rows, columns])) * u).total
    return try weight * sigma.applying(.reciprocal)
  }
}
