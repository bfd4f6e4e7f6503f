import Graphs
import Tensors

/// Non-local block of SAGAN: every position attends to every 2×2-pooled position.
///
///     y = x + γ · W_o · softmax(Q Kᵀ) V
///
/// - Shapes: `x` and result `[N, H, W, C]`, H and W even; Q and K have max(C/8, 4) channels, V has C/2; K and V are
///   max-pooled 2×2.
/// - Parameters: `query`, `key`, `value`, `output` (1×1, no biases; normalised where the network normalises), `gate` γ
///   `[1]` (0).
/// - Source: Zhang et al., 2019, section 3; pooling and the missing 1/√d as in the released code.
public func nonLocalAttention(_ x: Value, in scope: Scope) throws -> Value {
  try scope.layer {
    guard x.shape.rank == 4 else {
      throw GraphError(layer: scope.path, reason: "attention needs images, [N, H, W, C]; this input is \(x.shape)")
    }
    let channels = x.shape.last
    let (keyChannels, valueChannels) = (max(channels / 8, 4), max(channels / 2, 1))
    func project(_ x: Value, to outputChannels: Int, _ name: String) throws -> Value {
      try convolution(x, outputChannels: outputChannels, kernel: 1, bias: .none, in: scope / name)
    }
    let query = try positions(of: project(x, to: keyChannels, "query"))
    let key = try positions(of: maxPool(project(x, to: keyChannels, "key")))
    let value = try positions(of: maxPool(project(x, to: valueChannels, "value")))
    let weights = try softmax(matmul(query, key, transposingRight: true))
    let attended = try matmul(weights, value).reshaped(to: Shape(x.shape.dimensions.dropLast() + [valueChannels]))
    let gate = try scope.parameter("gate", [1], .zeros)
    let output = try x + gate * project(attended, to: channels, "output")
    let (height, width) = (x.shape[1], x.shape[2])
    try scope.observe("entropy", attentionEntropy(weights))
    try scope.observe("largestWeight", largestWeight(weights))
    // A place's own key is the 2×2 window that it lies in.
    try scope.observe("ownWeight", ownWeight(weights) { $0 / width / 2 * (width / 2) + $0 % width / 2 })
    try scope.observe("gate", gate.reshaped(to: .scalar))
    try scope.observe("tokenVarianceRatio", tokenVarianceRatio(before: positions(of: x), after: positions(of: output)))
    scope.observe(map: weights, positions: (height, width))
    return output
  }
}

/// `[N, H, W, C]` as `[N, H·W, C]`.
private func positions(of x: Value) throws -> Value {
  try x.reshaped(to: [x.shape[0], x.shape[1] * x.shape[2], x.shape[3]])
}
