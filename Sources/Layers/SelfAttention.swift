import Graphs
import Tensors

/// Self-attention over the tokens of a sequence, of any type, with optional gate and value projection.
///
///     y = Σ_s a[t, s] · x_s          or, with value projection, · x_s·W_v
///     y = x + γ · (that)             with a gate
///
/// - Shapes: `x` `[N, T, F]`; mask `[N, T]` of 1 (token) and 0 (padding); previousScores `[N, T, T]`.
/// - Parameters: those of the type; `value` `[F, F]`; `gate` `[1]` (0).
/// - Throws: `GraphError` when `x` has no token axis or the mask is not `[N, T]`.
public func selfAttention(
  _ x: Value, mask: Value? = nil, previousScores: Value? = nil, options: AttentionOptions, in scope: Scope
) throws -> Attention {
  try scope.layer {
    try checkTokens(of: x, mask: mask, in: scope)
    let value =
      options.usesValueProjection
      ? try matmul(x, scope.parameter("value", [x.shape.last, x.shape.last], .glorotUniform)) : x
    let attention: Attention
    switch options.type {
    case .additive, .multiplicative:
      attention = try sequenceSelfAttention(x, value: value, mask: mask, options: options, in: scope)
    case .scaledDotProduct:
      attention = try scaledDotProductAttention(
        query: x, key: x, value: value, keyMask: mask, historyOnly: options.historyOnly)
    case .residualScaledDotProduct:
      attention = try scaledDotProductAttention(
        query: x, key: x, value: value, keyMask: mask, historyOnly: options.historyOnly,
        previousScores: previousScores)
    }
    try penalize(attention.weights, weight: options.attentionRegularizerWeight, in: scope)
    try scope.observe("entropy", attentionEntropy(attention.weights))
    try scope.observe("largestWeight", largestWeight(attention.weights))
    try scope.observe("ownWeight", ownWeight(attention.weights) { $0 })
    scope.observe(map: attention.weights)
    guard options.usesGate else {
      try scope.observe("tokenVarianceRatio", tokenVarianceRatio(before: x, after: attention.output))
      return attention
    }
    let gate = try scope.parameter("gate", [1], .zeros)
    let output = try x + gate * attention.output
    try scope.observe("gate", gate.reshaped(to: .scalar))
    try scope.observe("tokenVarianceRatio", tokenVarianceRatio(before: x, after: output))
    return Attention(output: output, weights: attention.weights, scores: attention.scores)
  }
}

/// - Throws: `GraphError` unless `x` is `[N, T, F]` and the mask, if any, `[N, T]`.
func checkTokens(of x: Value, mask: Value?, in scope: Scope) throws {
  guard x.shape.rank == 3 else {
    throw GraphError(
      layer: scope.path,
      reason: "attention needs tokens, [N, T, F]; this input is \(x.shape): reshape it to tokens first")
  }
  try checkMask(mask, of: x)
}

/// - Throws: `GraphError` unless the mask, if any, has a number per token of `x`.
func checkMask(_ mask: Value?, of x: Value) throws {
  let expected: Shape = [x.shape[0], x.shape[1]]
  guard let mask, mask.shape != expected else { return }
  throw GraphError(
    layer: x.graph.currentLayer,
    reason: "the mask of an input \(x.shape) has a number per token, \(expected); this one is \(mask.shape)")
}

/// keras-self-attention's `SeqSelfAttention`: scores, activation, window, padding, normalisation, weighted sum.
///
/// - Shapes: `x`, `value` `[N, T, F]`; mask `[N, T]`. Only pairs in which *both* positions are padding lose 10,000.
/// - Parameters: additive `Wt`, `Wx` `[F, U]`, `bh` `[U]`, `Wa` `[U, 1]`, `ba` `[1]`; multiplicative `Wa` `[F, F]`,
///   `ba` `[1]` (Glorot normal, biases 0). `Wt` belongs to the query's row, `Wx` to the key's.
/// - Precondition: the type is additive or multiplicative.
func sequenceSelfAttention(
  _ x: Value, value: Value, mask: Value?, options: AttentionOptions, in scope: Scope
) throws -> Attention {
  let features = x.shape.last
  var kernels: [Value] = []
  var biases: [Value] = []
  func kernel(_ name: String, _ shape: Shape) throws -> Value {
    kernels.append(try scope.parameter(name, shape, .glorotNormal))
    return kernels.last!
  }
  func bias(_ name: String, _ shape: Shape) throws -> Value {
    biases.append(try scope.parameter(name, shape, .zeros))
    return biases.last!
  }

  var scores: Value
  if options.type == .additive {
    let queries = try matmul(x, kernel("Wt", [features, options.units]))
    let keys = try matmul(x, kernel("Wx", [features, options.units]))
    let shifted = options.usesAdditiveBias ? try queries + bias("bh", [options.units]) : queries
    let weights = try kernel("Wa", [options.units, 1]).reshaped(to: [options.units])
    scores = try additiveScores(queries: shifted, keys: keys, weights: weights)
  } else {
    let queries = try matmul(x, kernel("Wa", [features, features]))
    scores = try matmul(queries, x, transposingRight: true)
  }
  if options.usesAttentionBias { scores = try scores + bias("ba", [1]) }

  for kernel in kernels { try options.kernelRegularizer.penalty(of: kernel).map(scope.penalize(weights:)) }
  for bias in biases { try options.biasRegularizer.penalty(of: bias).map(scope.penalize(weights:)) }

  var e = try options.activation(scores)
  let tokens = x.shape[1]
  if let width = options.width ?? (options.historyOnly ? tokens : nil) {
    e = try e + windowPenalty(tokens: tokens, width: width, historyOnly: options.historyOnly, in: x.graph)
  }
  if let mask {
    let padding = try 1 - mask
    let n = mask.shape[0]
    e = try e - 10_000 * (padding.reshaped(to: [n, tokens, 1]) * padding.reshaped(to: [n, 1, tokens]))
  }
  let weights = try softmax(e)
  return Attention(output: try matmul(weights, value), weights: weights, scores: scores)
}

/// 0 where a query sees a key, −10,000 elsewhere.
///
/// - Shapes: `[T, T]`, query by key. Query t sees `width` keys from t − width/2 on (rounded down), or the `width` keys
///   that end with its own.
func windowPenalty(tokens: Int, width: Int, historyOnly: Bool, in graph: Graph) throws -> Value {
  var penalty = [Float](repeating: 0, count: tokens * tokens)
  for query in 0..<tokens {
    let first = historyOnly ? query - (width - 1) : query - width / 2
    for key in 0..<tokens where key < first || key >= first + width { penalty[query * tokens + key] = -10_000 }
  }
  return try graph.literal(penalty, shape: [tokens, tokens])
}

/// Adds ρ·mean ‖AAᵀ − I‖²_F over the samples to the penalties.
private func penalize(_ weights: Value, weight: Float, in scope: Scope) throws {
  guard weight != 0 else { return }
  let tokens = weights.shape[1]
  var identity = [Float](repeating: 0, count: tokens * tokens)
  for index in 0..<tokens { identity[index * tokens + index] = 1 }
  let gram = try matmul(weights, weights, transposingRight: true)
  let difference = try gram - scope.graph.literal(identity, shape: [tokens, tokens])
  scope.penalize(sampleMean: try weight / Float(weights.shape[0]) * difference.squared.total)
}
