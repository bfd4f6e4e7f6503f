import Graphs
import Tensors

/// A learned vector per class, or a linear map of a continuous condition.
///
///     e = condition · table
///
/// - Shapes: condition `[N, K]`, one-hot or continuous; result `[N, units]`.
/// - Parameters: `table` `[K, units]`, a weight: normalised where the network normalises. Where weights start as PyTorch's
///   do (`fanInUniform`), the table starts from N(0, 1), as PyTorch's embeddings do.
public func embedding(_ condition: Value, units: Int, in scope: Scope) throws -> Value {
  try scope.layer {
    let initializer = scope.weights.initializer == .fanInUniform ? .normal() : scope.weights.initializer
    return try matmul(condition, scope.weight("table", [condition.shape.last, units], initializer: initializer))
  }
}

/// How far features agree with a condition: ⟨E·condition, h⟩ per sample.
///
/// - Shapes: features `[N, F]`, condition `[N, K]`; result `[N]`.
/// - Parameters: `table` `[K, F]`.
/// - Source: Miyato and Koyama: cGANs with projection discriminator, 2018.
public func projection(_ features: Value, condition: Value, in scope: Scope) throws -> Value {
  let embedded = try embedding(condition, units: features.shape.last, in: scope)
  return try scope.layer { try (embedded * features).sum(axes: [1]).reshaped(to: [features.shape[0]]) }
}
