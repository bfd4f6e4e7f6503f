import Graphs
import Tensors

/// Mean and variance, in shapes that broadcast to what they were taken of.
struct Moments {
  let mean: Value
  let variance: Value

  /// gain·(x − mean)/√(variance + ε) + bias as one multiplication and one addition per element.
  func normalize(_ x: Value, gain: Value, bias: Value, epsilon: Float) throws -> Value {
    let scale = try gain * squareRoot(variance + epsilon).applying(.reciprocal)
    return try x * scale + (bias - mean * scale)
  }
}

/// The default ε under a norm's root.
public let normEpsilon: Float = 1e-5

/// Batch normalisation with a learned gain and bias per channel.
///
///     y = gain · (x − mean) / √(variance + ε) + bias
///
/// - Shapes: `x` `[N, …, C]`; mean and variance are per channel, over everything else; result alike.
/// - Parameters: `gain` `[C]` (1), `bias` `[C]` (0); statistics as `Scope.norms` says.
/// - Source: Ioffe and Szegedy, 2015; the variance is the biased one.
public func batchNorm(_ x: Value, epsilon: Float = normEpsilon, in scope: Scope) throws -> Value {
  try scope.layer {
    let channels = x.shape.last
    let gain = try scope.parameter("gain", [channels], .constant(1))
    let bias = try scope.parameter("bias", [channels], .zeros)
    return try batchMoments(of: x, in: scope).normalize(x, gain: gain, bias: bias, epsilon: epsilon)
  }
}

/// Batch normalisation whose gain and bias follow each sample's condition.
///
///     y = (condition·gain) · (x − mean) / √(variance + ε) + condition·bias
///
/// - Shapes: `x` `[N, …, C]`, condition `[N, K]`: one-hot for a gain and a bias per class, or continuous.
/// - Parameters: `gain` `[K, C]` (1), `bias` `[K, C]` (0).
/// - Source: Dumoulin et al., 2017; de Vries et al., 2017.
public func conditionalBatchNorm(
  _ x: Value, condition: Value, epsilon: Float = normEpsilon, in scope: Scope
) throws -> Value {
  try scope.layer {
    guard condition.shape.rank == 2, condition.shape[0] == x.shape[0] else {
      throw GraphError(
        layer: scope.path, reason: "a condition per sample of \(x.shape) is [\(x.shape[0]), K]; got \(condition.shape)")
    }
    let table: Shape = [condition.shape[1], x.shape.last]
    let perSample = Shape([x.shape[0]] + Array(repeating: 1, count: x.shape.rank - 2) + [x.shape.last])
    let gain = try matmul(condition, scope.parameter("gain", table, .constant(1))).reshaped(to: perSample)
    let bias = try matmul(condition, scope.parameter("bias", table, .zeros)).reshaped(to: perSample)
    return try batchMoments(of: x, in: scope).normalize(x, gain: gain, bias: bias, epsilon: epsilon)
  }
}

/// Normalises every channel of every sample over its positions, with a learned gain and bias per channel.
///
/// - Shapes: `x` `[N, …, C]`; result alike.
/// - Parameters: `gain` `[C]` (1), `bias` `[C]` (0).
/// - Throws: `GraphError` where a channel has one position, as in `[N, C]`: its deviation is 0, and the result the bias.
/// - Source: Ulyanov, Vedaldi, Lempitsky, 2016.
public func instanceNorm(_ x: Value, epsilon: Float = normEpsilon, in scope: Scope) throws -> Value {
  guard x.shape.rank > 2, x.shape.leading > x.shape[0] else {
    throw GraphError(
      layer: scope.path,
      reason: "an instance norm takes its statistics over positions, and \(x.shape) has one a channel: the result "
        + "would be the bias, whatever is there; use a layer or batch norm")
  }
  return try sampleNorm(x, axes: Array(1..<x.shape.rank - 1), epsilon: epsilon, in: scope)
}

/// Normalises every sample over positions and channels, with a learned gain and bias per channel.
///
/// - Shapes: `x` `[N, …, C]`; result alike.
/// - Parameters: `gain` `[C]` (1), `bias` `[C]` (0).
/// - Source: Ba, Kiros, Hinton, 2016.
public func layerNorm(_ x: Value, epsilon: Float = normEpsilon, in scope: Scope) throws -> Value {
  try sampleNorm(x, axes: Array(1..<x.shape.rank), epsilon: epsilon, in: scope)
}

/// Statistics over some axes of each sample: nothing crosses samples, so every mode computes the same.
private func sampleNorm(_ x: Value, axes: [Int], epsilon: Float, in scope: Scope) throws -> Value {
  try scope.layer {
    let gain = try scope.parameter("gain", [x.shape.last], .constant(1))
    let bias = try scope.parameter("bias", [x.shape.last], .zeros)
    let share = 1 / Float(axes.reduce(1) { $0 * x.shape[$1] })
    let mean = try x.sum(axes: axes) * share
    let variance = try positive(x.squared.sum(axes: axes) * share - mean.squared)
    return try Moments(mean: mean, variance: variance).normalize(x, gain: gain, bias: bias, epsilon: epsilon)
  }
}

/// Mean and variance per channel, `[C]`, from where `Scope.norms` says.
private func batchMoments(of x: Value, in scope: Scope) throws -> Moments {
  switch scope.norms {
  case .training(let statistics): return try batchMoments(of: x, over: statistics)
  case .measuring(let standing):
    let moments = try batchMoments(of: x, over: .rank)
    let entry = try standing.entry(path: scope.path, channels: x.shape.last)
    let both = try concatenate([moments.mean, moments.variance], axis: 0)
    scope.measurements.add(entry, try both.reshaped(to: entry.shape))
    return moments
  case .standing(let standing):
    let channels = x.shape.last
    let entry = try standing.entry(path: scope.path, channels: channels)
    return Moments(
      mean: try scope.graph.read(standing.values, at: entry.offset, shape: [channels]),
      variance: try scope.graph.read(standing.values, at: entry.offset + channels, shape: [channels]))
  }
}

/// Mean and variance per channel of the batch under way.
///
///     mean = Σx / n;   variance = max(Σx² / n − mean², 0)
///
/// Sums and sample count travel in one vector: one collective per norm, and exact for shards of any sizes. The gradient
/// reaches every rank's samples through the sum.
private func batchMoments(of x: Value, over statistics: NormStatistics) throws -> Moments {
  let axes = Array(0..<x.shape.rank - 1)
  let channels = x.shape.last
  let sum = try x.sum(axes: axes).reshaped(to: [channels])
  let squares = try x.squared.sum(axes: axes).reshaped(to: [channels])
  let extent: RankExtent
  switch statistics {
  case .rank:
    let share = 1 / Float(x.shape.leading)
    let mean = try sum * share
    return Moments(mean: mean, variance: try positive(squares * share - mean.squared))
  case .global: extent = .all
  case .node: extent = .node
  }
  let count = try x.graph.constant(Float(x.shape.leading), shape: [1])
  let sums = try allReduceSum(concatenate([sum, squares, count], axis: 0), over: extent)
  let share = try sums.slice(2 * channels..<2 * channels + 1).detached.applying(.reciprocal)
  let mean = try sums.slice(0..<channels) * share
  let variance = try positive(sums.slice(channels..<2 * channels) * share - mean.squared)
  return Moments(mean: mean, variance: variance)
}

/// Rounding may leave a variance of 0 below 0.
private func positive(_ variance: Value) throws -> Value { try maximum(variance, variance.graph.constant(0)) }
