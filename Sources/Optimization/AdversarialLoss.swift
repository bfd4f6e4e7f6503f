import Graphs
import Tensors

/// What the two networks play for, written on logits (positive means real).
public enum AdversarialLoss: String, Hashable, Sendable, CaseIterable {
  /// −log σ(real) − log(1 − σ(fake)) for the discriminator, −log σ(fake) for the generator (non-saturating).
  /// - Source: Goodfellow et al., 2014; through log(1 + eˣ), so that no logit overflows.
  case binaryCrossEntropy

  /// Σ over real samples of what they cost the discriminator.
  public func discriminatorCost(real logits: Value) throws -> Value {
    switch self {
    case .binaryCrossEntropy: try softplus(-logits).total
    }
  }

  /// Σ over fake samples of what they cost the discriminator.
  public func discriminatorCost(fake logits: Value) throws -> Value {
    switch self {
    case .binaryCrossEntropy: try softplus(logits).total
    }
  }

  /// Σ over fake samples of what they cost the generator.
  public func generatorCost(fake logits: Value) throws -> Value {
    switch self {
    case .binaryCrossEntropy: try softplus(-logits).total
    }
  }
}

/// Σ over samples of ‖∂logit/∂image‖², the heart of R1 and R2.
///
/// - Shapes: logits `[N]`, images `[N, …]`; result `[]`. Exact: its own gradient is second order.
/// - Source: Mescheder, Geiger, Nowozin, 2018.
public func gradientNorms(of logits: Value, withRespectTo images: Value) throws -> Value {
  try gradients(of: logits.total, withRespectTo: [images])[0].squared.total
}

/// Number of logits above zero.
public func countPositive(_ logits: Value) throws -> Value { try greater(logits, than: 0).total }
