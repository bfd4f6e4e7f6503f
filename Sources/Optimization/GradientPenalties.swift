import Graphs
import Tensors

/// Σ over samples of ‖∂logit/∂image‖², the heart of R1 (at real images) and R2 (at fakes).
///
/// - Shapes: logits `[N]`, images `[N, …]`; result `[]`. Exact: its own gradient is second order.
/// - Precondition: a logit depends on its own image alone, so no batch norm in the discriminator.
/// - Source: Mescheder, Geiger, Nowozin, 2018.
public func gradientNorms(of logits: Value, withRespectTo images: Value) throws -> Value {
  try gradients(of: logits.total, withRespectTo: [images])[0].squared.total
}

/// Σ over samples of (‖∂logit/∂image‖ − 1)², the penalty of WGAN-GP.
///
///     Σ_n (√(Σ g² + 10⁻¹²) − 1)²
///
/// The small term keeps the root's derivative finite where a gradient vanishes; it changes norms above 10⁻³ by less than
/// float32 resolves.
///
/// - Shapes: logits `[N]`, images `[N, …]`; result `[]`. Exact: its own gradient is second order.
/// - Precondition: a logit depends on its own image alone, so no batch norm in the discriminator.
/// - Source: Gulrajani et al., 2017; images lie between real and fake ones: see `interpolated`.
public func unitGradientPenalty(of logits: Value, withRespectTo images: Value) throws -> Value {
  let gradient = try gradients(of: logits.total, withRespectTo: [images])[0]
  let norms = try squareRoot(gradient.squared.sum(axes: Array(1..<gradient.shape.rank)) + 1e-12)
  return try (norms - 1).squared.total
}

/// share·real + (1 − share)·fake, with a share per sample.
///
/// - Shapes: real and fake `[N, …]`, share `[N]`; result alike.
public func interpolated(real: Value, fake: Value, share: Value) throws -> Value {
  let perSample = Shape([real.shape[0]] + Array(repeating: 1, count: real.shape.rank - 1))
  return try fake + share.reshaped(to: perSample) * (real - fake)
}

/// Σ over samples of (D(x + σ·noise) − D(x))²/σ²: its mean over the noise is ‖∂logit/∂image‖² up to O(σ²).
///
/// It takes the place of `gradientNorms` and needs first-order gradients only.
///
/// - Shapes: both logits `[N]`, of the same images without and with noise of `deviation`; result `[]`.
/// - Units: `deviation` σ is in those of the images; noise has mean 0 and variance 1.
/// - Source: Lin et al.: Diffusion adversarial post-training, 2025 (approximated R1); λ there is γ/(2σ²).
public func finiteDifferenceNorms(of logits: Value, withNoise noisy: Value, deviation: Float) throws -> Value {
  try (noisy - logits).squared.total / (deviation * deviation)
}
