import Graphs
import Tensors

/// How a network normalises its activations.
public enum NormKind: String, Hashable, Sendable, CaseIterable {
  /// Batch norm whose gain and bias follow the condition.
  case conditionalBatch
  case batch, instance, layer, none

  /// True where a sample's result depends on the others.
  public var usesBatchStatistics: Bool {
    switch self {
    case .conditionalBatch, .batch: true
    case .instance, .layer, .none: false
    }
  }

  /// True where a number that is added to a whole channel before the norm is gone behind it.
  var removesBiases: Bool {
    switch self {
    case .conditionalBatch, .batch, .instance: true
    case .layer, .none: false
    }
  }
}

/// `x` normalised as `kind` says.
///
/// - Shapes: `x` `[N, …, C]`, condition `[N, K]`, for `conditionalBatch` alone; result as `x`.
/// - Throws: `GraphError` where a condition is missing.
public func normalized(_ x: Value, _ kind: NormKind, condition: Value? = nil, in scope: Scope) throws -> Value {
  switch kind {
  case .conditionalBatch:
    guard let condition else {
      throw GraphError(layer: scope.path, reason: "a conditional norm needs a condition; this network part has none")
    }
    return try conditionalBatchNorm(x, condition: condition, in: scope)
  case .batch: return try batchNorm(x, in: scope)
  case .instance: return try instanceNorm(x, in: scope)
  case .layer: return try layerNorm(x, in: scope)
  case .none: return x
  }
}
