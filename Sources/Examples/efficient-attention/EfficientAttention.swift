import Graphs
import Layers
import Tensors

/// Attention whose cost grows with the number of positions, not with its square: keys gather what there is into a few
/// contexts, queries take from these.
///
///     y = x + γ · W_o · softmax_c(Q) · (softmax_p(K)ᵀ V)
///
/// softmax_c is over the channels of each query, softmax_p over the positions of each key channel.
///
/// - Shapes: `x` and result `[N, H, W, C]`; Q and K have `contexts` channels, V has C/2.
/// - Parameters: `query`, `key`, `value`, `output` (1×1, no biases), `gate` γ `[1]` (0).
/// - Complexity: H · W · contexts · C, where attention of all to all takes (H · W)² · C.
/// - Source: Shen, Zhang, Zhao, Yi, Li: Efficient attention, 2021, equation 5.
public func efficientAttention(_ x: Value, contexts: Int = 8, in scope: Scope) throws -> Value {
  try scope.layer {
    guard x.shape.rank == 4 else {
      throw GraphError(layer: scope.path, reason: "attention needs images, [N, H, W, C]; this input is \(x.shape)")
    }
    let (n, channels) = (x.shape[0], x.shape[3])
    let positions = x.shape[1] * x.shape[2]
    func project(_ x: Value, to outputChannels: Int, _ name: String) throws -> Value {
      try convolution(x, outputChannels: outputChannels, kernel: 1, bias: .none, in: scope / name)
    }
    let query = try softmax(project(x, to: contexts, "query").reshaped(to: [n, positions, contexts]))
    // Softmax is over the last axis: positions.
    let key = try softmax(project(x, to: contexts, "key").reshaped(to: [n, positions, contexts]).transposed)
    let value = try project(x, to: channels / 2, "value").reshaped(to: [n, positions, channels / 2])
    let gathered = try matmul(key, value)
    let attended = try matmul(query, gathered).reshaped(to: [n, x.shape[1], x.shape[2], channels / 2])
    let gate = try scope.parameter("gate", [1], .zeros)
    try scope.observe("gate", gate.reshaped(to: .scalar))
    return try x + gate * project(attended, to: channels, "output")
  }
}
