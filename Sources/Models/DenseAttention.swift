import Graphs
import Layers
import Tensors

/// One network of the dense model: hidden layers, attention over tokens, hidden layers.
public struct DenseTower: Hashable, Sendable {
  /// Widths of the hidden layers before attention; the last one is cut into tokens.
  public var hiddenBefore: [Int]
  /// Widths of the hidden layers after attention.
  public var hiddenAfter: [Int]
  /// Number of tokens that the last layer before attention is cut into; nil leaves attention out.
  public var tokens: Int?
  /// What follows each layer before attention; LeakyReLU follows those after it.
  public var activation: HiddenActivation
  public var attention: AttentionOptions
  /// Factor on the initial kernel of the layer that touches the image.
  public var imageLayerScale: Float

  public init(
    hiddenBefore: [Int], hiddenAfter: [Int], tokens: Int?, activation: HiddenActivation,
    attention: AttentionOptions, imageLayerScale: Float = 1
  ) {
    self.hiddenBefore = hiddenBefore
    self.hiddenAfter = hiddenAfter
    self.tokens = tokens
    self.activation = activation
    self.attention = attention
    self.imageLayerScale = imageLayerScale
  }
}

/// The dense attention CGAN: both networks are dense layers around one self-attention layer over tokens.
///
///     generator:      [noise, condition] → dense, PReLU → tokens → attention → flat → dense → tanh (images only)
///     discriminator:  image → dense, LeakyReLU → tokens → attention → flat, [·, condition] → dense, LeakyReLU → logit
///
/// - Source: the network that beginners ask about for Keras with keras-self-attention, with the reshape to tokens
///   that the layer needs made explicit.
public struct DenseAttention: ConditionalModel {
  public var imageShape: Shape
  public var noiseSize: Int
  public var conditionSize: Int
  public var generator: DenseTower
  public var discriminator: DenseTower

  /// What the generator ends with: tanh keeps images in [−1, 1], linear reaches all numbers.
  public enum Output: Sendable { case tanh, linear }
  public var output: Output

  public init(
    imageShape: Shape, noiseSize: Int, conditionSize: Int, generator: DenseTower, discriminator: DenseTower,
    output: Output = .tanh
  ) {
    self.imageShape = imageShape
    self.noiseSize = noiseSize
    self.conditionSize = conditionSize
    self.generator = generator
    self.discriminator = discriminator
    self.output = output
  }

  public var initializer: Initializer { .glorotUniform }
  public var normalizesGeneratorWeights: Bool { false }
  public var normalizesDiscriminatorWeights: Bool { false }
  public var judgesSamplesAlone: Bool { true }

  public func generate(noise: Value, condition: Value, in scope: Scope) throws -> Value {
    var h = try concatenate([noise, condition], axis: 1)
    h = try attended(h, tower: generator, firstScale: 1, in: scope)
    h = try hidden(h, widths: generator.hiddenAfter, in: scope)
    let image = scope / "image"
    h = try dense(h, units: imageShape.count, kernelScale: generator.imageLayerScale, in: image)
    if output == .tanh { h = try activate(h, with: .tanh, in: image) }
    return try h.reshaped(to: Shape([noise.shape[0]] + imageShape.dimensions))
  }

  public func features(of images: Value, in scope: Scope) throws -> Value {
    try attended(
      images.flattened, tower: discriminator, firstScale: discriminator.imageLayerScale, in: scope)
  }

  public func judge(features: Value, condition: Value, in scope: Scope) throws -> Value {
    var h = try concatenate([features, condition], axis: 1)
    h = try hidden(h, widths: discriminator.hiddenAfter, in: scope)
    return try dense(h, units: 1, in: scope / "logit").reshaped(to: [features.shape[0]])
  }

  /// Dense layers, then attention over tokens, flat again: `[N, in]` to `[N, last width]`.
  private func attended(_ x: Value, tower: DenseTower, firstScale: Float, in scope: Scope) throws -> Value {
    var h = x
    for (index, width) in tower.hiddenBefore.enumerated() {
      let layer = scope / "before\(index + 1)"
      h = try dense(h, units: width, kernelScale: index == 0 ? firstScale : 1, in: layer)
      h = try activate(h, with: tower.activation, in: layer)
    }
    guard let tokens = tower.tokens else { return h }
    guard h.shape.last % tokens == 0 else {
      throw GraphError(
        layer: scope.path,
        reason: "\(tokens) tokens do not divide the width \(h.shape.last) of the layer before attention")
    }
    let sequence = try h.reshaped(to: [h.shape[0], tokens, h.shape.last / tokens])
    return try selfAttention(sequence, options: tower.attention, in: scope / "attention").output.flattened
  }

  private func hidden(_ x: Value, widths: [Int], in scope: Scope) throws -> Value {
    var h = x
    for (index, width) in widths.enumerated() {
      let layer = scope / "after\(index + 1)"
      h = try activate(dense(h, units: width, in: layer), with: .leakyRelu, in: layer)
    }
    return h
  }
}
