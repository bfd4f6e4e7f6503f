import Graphs
import Tensors

/// Residual block of a generator that doubles height and width.
///
///     h = conv3(upsample(relu(norm(x))));  h = conv3(relu(norm(h)));  y = h + upsample(conv1(x))
///
/// - Shapes: `x` `[N, H, W, C]`, condition `[N, K]`; result `[N, 2H, 2W, outputChannels]`.
/// - Parameters: `norm1`, `norm2` (see `normalized`), `conv1`, `conv2` (3×3), `skip` (1×1), with biases. That of `conv1`
///   stays 0 where a norm takes it out again, those of `conv2` and `skip` with `precedesNorm` too.
/// - Parameter precedesNorm: whether a norm of the same kind follows the block with nothing in between.
/// - Source: Miyato and Koyama, 2018, figure 14; Zhang et al., 2019.
public func generatorBlock(
  _ x: Value, outputChannels: Int, condition: Value? = nil, norm: NormKind = .conditionalBatch,
  precedesNorm: Bool = false, in scope: Scope
) throws -> Value {
  try scope.layer {
    let (inner, outer) = biases(before: norm, precedesNorm: precedesNorm)
    var h = try relu(normalized(x, norm, condition: condition, in: scope / "norm1"))
    h = try convolution(upsample(h), outputChannels: outputChannels, bias: inner, in: scope / "conv1")
    h = try relu(normalized(h, norm, condition: condition, in: scope / "norm2"))
    h = try convolution(h, outputChannels: outputChannels, bias: outer, in: scope / "conv2")
    // A 1×1 convolution commutes with nearest upsampling: at the low resolution it costs a quarter.
    let skip = try convolution(x, outputChannels: outputChannels, kernel: 1, bias: outer, in: scope / "skip")
    return try h + upsample(skip)
  }
}

/// Residual block of a discriminator.
///
///     h = conv3(relu(norm(conv3(relu(norm(x))))));  y = pool(h) + conv1(pool(x))
///
/// The first block of a network sees an image: no norm and no ReLU before its first convolution.
///
/// - Shapes: `x` `[N, H, W, C]`; result `[N, H, W, outputChannels]`, half as high and wide where it `pools`.
/// - Parameters: `norm1` (but in the first block), `norm2`, `conv1`, `conv2` (3×3), `skip` (1×1; only where it pools or
///   the number of channels changes), with biases; that of `conv1` stays 0 where a norm takes it out again.
/// - Source: Miyato and Koyama, 2018, figure 14.
public func discriminatorBlock(
  _ x: Value, outputChannels: Int, isFirst: Bool, pools: Bool, norm: NormKind = .none, in scope: Scope
) throws -> Value {
  try scope.layer {
    let inner = biases(before: norm, precedesNorm: false).inner
    var h = isFirst ? x : try relu(normalized(x, norm, in: scope / "norm1"))
    h = try convolution(h, outputChannels: outputChannels, bias: inner, in: scope / "conv1")
    h = try relu(normalized(h, norm, in: scope / "norm2"))
    h = try convolution(h, outputChannels: outputChannels, in: scope / "conv2")
    if pools { h = try averagePool(h) }
    guard pools || x.shape.last != outputChannels else { return try h + x }
    // Pooling commutes with a 1×1 convolution: at the low resolution it costs a quarter.
    let skip = pools ? try averagePool(x) : x
    return try h + convolution(skip, outputChannels: outputChannels, kernel: 1, in: scope / "skip")
  }
}

/// What becomes of the biases in front of a block's second norm, and of those in front of what follows the block.
private func biases(before norm: NormKind, precedesNorm: Bool) -> (inner: BiasUse, outer: BiasUse) {
  let use = norm.removesBiases ? BiasUse.normalizedAway : .trained
  return (use, precedesNorm ? use : .trained)
}
