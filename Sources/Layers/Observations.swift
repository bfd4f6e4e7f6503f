import Graphs
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Numbers that layers offer for watching; they cost nothing in programs that do not ask for them.
public final class Observations {
  public struct Observation {
    /// The layer's path and the quantity: `generator/attention/entropy`.
    public let name: String
    /// A scalar, a mean over the samples.
    public let value: Value
  }

  public private(set) var all: [Observation] = []

  public init() {}

  func add(_ name: String, _ value: Value) { all.append(Observation(name: name, value: value)) }
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
