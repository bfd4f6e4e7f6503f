import Graphs
import Tensors

/// What the two networks play for, written on logits (positive means real).
///
/// With r = D(real), f = D(fake), s(x) = log(1 + eˣ), per sample:
public enum AdversarialLoss: String, Hashable, Sendable, CaseIterable {
  /// D: ½·(s(−r) + s(f)), G: s(−f). The half is that of a mean over real and fake samples together.
  /// - Source: Goodfellow et al., 2014, as Keras' `binary_crossentropy` on one batch of both.
  case binaryCrossEntropy
  /// D: s(−r) + s(f), G: s(−f).
  /// - Source: Goodfellow et al., 2014, section 3.
  case nonSaturating
  /// D: max(1 − r, 0) + max(1 + f, 0), G: −f.
  /// - Source: Lim and Ye, 2017; Miyato et al., 2018; the loss of SAGAN.
  case hinge
  /// D: ½·(r − 1)² + ½·f², G: ½·(f − 1)².
  /// - Source: Mao et al., 2017, equation 9.
  case leastSquares
  /// D: f − r, G: −f. Needs a penalty that keeps D smooth.
  /// - Source: Arjovsky, Chintala, Bottou, 2017.
  case wasserstein
  /// D: s(f − r), G: s(r − f), each fake beside a real sample: only differences count.
  /// - Source: Jolicoeur-Martineau, 2019 (RpGAN); R3GAN, 2024.
  case relativistic

  /// True where the generator's cost compares fakes with real samples.
  public var needsRealInGeneratorStep: Bool {
    switch self {
    case .relativistic: true
    case .binaryCrossEntropy, .nonSaturating, .hinge, .leastSquares, .wasserstein: false
    }
  }

  /// Factor on the discriminator's cost in its loss: `discriminatorCost` leaves it out.
  public var discriminatorWeight: Float {
    switch self {
    case .binaryCrossEntropy: 0.5
    case .nonSaturating, .hinge, .leastSquares, .wasserstein, .relativistic: 1
    }
  }

  /// Σ over samples of what they cost the discriminator.
  ///
  /// - Shapes: real `[N]`, fake `[M]`; relativistic: M = N. Result `[]`.
  public func discriminatorCost(real: Value, fake: Value) throws -> Value {
    switch self {
    case .relativistic: try softplus(fake - real).total
    case .binaryCrossEntropy, .nonSaturating, .hinge, .leastSquares, .wasserstein:
      try discriminatorCost(real: real) + discriminatorCost(fake: fake)
    }
  }

  /// Σ over samples of what it costs the discriminator that they pass for real with these logits; relativistic: as if
  /// beside a fake of logit 0.
  public func discriminatorCost(real logits: Value) throws -> Value {
    switch self {
    case .binaryCrossEntropy, .nonSaturating, .relativistic: try softplus(-logits).total
    case .hinge: try relu(1 - logits).total
    case .leastSquares: try 0.5 * (logits - 1).squared.total
    case .wasserstein: try -logits.total
    }
  }

  /// Σ over samples of what it costs the discriminator that they pass for fake with these logits; relativistic: as if
  /// beside a real sample of logit 0.
  public func discriminatorCost(fake logits: Value) throws -> Value {
    switch self {
    case .binaryCrossEntropy, .nonSaturating, .relativistic: try softplus(logits).total
    case .hinge: try relu(1 + logits).total
    case .leastSquares: try 0.5 * logits.squared.total
    case .wasserstein: try logits.total
    }
  }

  /// Σ over fake samples of what they cost the generator.
  ///
  /// - Shapes: fake `[N]`, real `[N]` where `needsRealInGeneratorStep`; result `[]`.
  public func generatorCost(fake: Value, real: Value? = nil) throws -> Value {
    switch self {
    case .relativistic:
      guard let real else { preconditionFailure("the relativistic loss compares fakes with real samples") }
      return try softplus(real - fake).total
    case .binaryCrossEntropy, .nonSaturating, .leastSquares: return try discriminatorCost(real: fake)
    case .hinge, .wasserstein: return try -fake.total
    }
  }
}

/// Number of logits above zero.
public func countPositive(_ logits: Value) throws -> Value { try greater(logits, than: 0).total }
