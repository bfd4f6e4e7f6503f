import Graphs
import Tensors

/// softmax(Q·Kᵀ / √d)·V, without weights of its own; with `previousScores`, the residual form.
///
///     e = Q·Kᵀ / √d + previous;   a = softmax(e − 10,000·hidden);   y = a·V
///
/// - Shapes: query `[N, T, d]`, key `[N, S, d]`, value `[N, S, F]`, keyMask `[N, S]` (0 hides a key from every query),
///   previousScores `[N, T, S]`; output `[N, T, F]`. `scores` are those before masks.
/// - Throws: `GraphError` when the shapes do not fit.
/// - Source: Vaswani et al., 2017; He et al.: RealFormer, 2021; masks as in keras-self-attention.
public func scaledDotProductAttention(
  query: Value, key: Value, value: Value, keyMask: Value? = nil, historyOnly: Bool = false,
  previousScores: Value? = nil
) throws -> Attention {
  guard query.shape.rank == 3, key.shape.rank == 3, value.shape.rank == 3 else {
    throw GraphError(
      layer: query.graph.currentLayer,
      reason: "attention needs tokens, [N, T, F]; query \(query.shape), key \(key.shape), value \(value.shape)")
  }
  try checkMask(keyMask, of: key)
  var scores = try matmul(query, key, transposingRight: true) * (1 / Float(query.shape.last).squareRoot())
  if let previousScores { scores = try scores + previousScores }
  var e = scores
  if historyOnly {
    let (queries, keys) = (query.shape[1], key.shape[1])
    var penalty = [Float](repeating: 0, count: queries * keys)
    for t in 0..<queries {
      for s in 0..<keys where s > t { penalty[t * keys + s] = -10_000 }
    }
    e = try e + query.graph.literal(penalty, shape: [queries, keys])
  }
  if let keyMask {
    e = try e - 10_000 * (1 - keyMask).reshaped(to: [keyMask.shape[0], 1, keyMask.shape[1]])
  }
  let weights = try softmax(e)
  return Attention(output: try matmul(weights, value), weights: weights, scores: scores)
}

/// Pools a sequence into one vector by learned importance: keras-self-attention's `SeqWeightedAttention`.
///
///     l_t = x_t·W + b;   a = exp(l − max l) / (Σ exp(l − max l) + 10⁻⁷);   y = Σ_t a_t·x_t
///
/// - Shapes: `x` `[N, T, F]`, mask `[N, T]`; output `[N, F]`, weights `[N, T]`.
/// - Parameters: `W` `[F, 1]` (uniform ±0.05), `b` `[1]` (0), which changes nothing and is never trained.
/// - Throws: `GraphError` when `x` has no token axis or the mask is not `[N, T]`.
public func weightedAttention(
  _ x: Value, mask: Value? = nil, usesBias: Bool = true, in scope: Scope
) throws -> (output: Value, weights: Value) {
  try scope.layer {
    try checkTokens(of: x, mask: mask, in: scope)
    let (n, tokens, features) = (x.shape[0], x.shape[1], x.shape[2])
    let w = try scope.parameter("W", [features, 1], .uniform(low: -0.05, high: 0.05))
    var logits = try matmul(x, w).reshaped(to: [n, tokens])
    // The subtracted maximum cancels b and its gradient. Detached, that gradient is 0 exactly, not rounding noise that
    // Adam would turn into full steps.
    if usesBias { logits = try logits + scope.parameter("b", [1], .zeros).detached }
    if let mask { logits = try logits - 10_000 * (1 - mask) }
    let shifted = try exp(logits - logits.maximum(axes: [1]))
    let weights = try shifted / (shifted.sum(axes: [1]) + 1e-7)
    let output = try matmul(weights.reshaped(to: [n, 1, tokens]), x).reshaped(to: [n, features])
    return (output, weights)
  }
}
