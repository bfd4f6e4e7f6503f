import Graphs
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What layers offer for watching. Only graphs that are built to be watched hold any of it.
public final class Observations {
  public struct Observation {
    /// The layer's path and the quantity: `generator/attention/entropy`.
    public let name: String
    /// A scalar, a mean over the samples.
    public let value: Value
  }

  /// The weights of an attention layer.
  public struct Map {
    /// The layer's path: `generator/attention`.
    public let name: String
    /// `[N, T, S]`: how much query t takes from key s.
    public let weights: Value
    /// Height and width of the image whose positions the queries are, row by row; keys are its positions pooled 2×2. Nil
    /// where queries and keys are the same tokens.
    public let positions: (height: Int, width: Int)?
  }

  public private(set) var all: [Observation] = []
  public private(set) var maps: [Map] = []
  let isWatched: Bool

  public init(isWatched: Bool) { self.isWatched = isWatched }

  func add(_ name: String, _ value: Value) { all.append(Observation(name: name, value: value)) }

  func add(_ map: Map) { maps.append(map) }
}

/// How evenly attention spreads: the mean entropy of its rows over the largest possible, log S.
///
///     −Σ_s a log a / log S
///
/// - Shapes: weights `[N, T, S]`; result `[]`. 1 is the mean of all tokens, 0 a single token.
public func attentionEntropy(_ weights: Value) throws -> Value {
  let keys = weights.shape.last
  guard keys > 1 else { return try weights.graph.constant(0) }
  // log 0 would be −∞; 0 · log of the smallest normal number is 0.
  let logarithm = try log(maximum(weights, weights.graph.constant(.leastNormalMagnitude)))
  let rows = Float(weights.shape.leading)
  return try -(weights * logarithm).total * (1 / (rows * logf(Float(keys))))
}

/// The largest weight of a row, mean over rows.
///
/// - Shapes: weights `[N, T, S]`; result `[]`. 1/S is the mean of all tokens, 1 a single token.
public func largestWeight(_ weights: Value) throws -> Value {
  try weights.maximum(axes: [2]).total * (1 / Float(weights.shape.leading))
}

/// The weight that a query gives the key at its own place, mean over queries.
///
/// - Parameter ownKey: the key at the place of a query.
/// - Shapes: weights `[N, T, S]`; result `[]`. 1 is a layer that mixes nothing.
public func ownWeight(_ weights: Value, ownKey: (Int) -> Int) throws -> Value {
  let (queries, keys) = (weights.shape[1], weights.shape[2])
  var own = [Float](repeating: 0, count: queries * keys)
  for query in 0..<queries { own[query * keys + ownKey(query)] = 1 }
  let chosen = try weights * weights.graph.literal(own, shape: [queries, keys])
  return try chosen.total * (1 / Float(weights.shape.leading))
}

/// How much the tokens of a sequence still differ from each other behind a layer: between-token variance after over before.
///
/// - Shapes: both `[N, T, F]`; result `[]`. 0: every token is the same.
public func tokenVarianceRatio(before: Value, after: Value) throws -> Value {
  try tokenVariance(after) / (tokenVariance(before) + 1e-20)
}

/// Σ over samples, tokens and features of the squared distance from the sample's mean token.
private func tokenVariance(_ x: Value) throws -> Value {
  let mean = try x.sum(axes: [1]) * (1 / Float(x.shape[1]))
  return try (x - mean).squared.total
}
