import Graphs
import Layers
import Tensors

/// A class-conditional SAGAN: residual blocks with conditional norms and a projection discriminator, one non-local
/// attention block in each network.
///
///     generator:      noise → dense → [h, w, C₀] → up-blocks (attention between them) → norm, ReLU, 3×3, tanh
///     discriminator:  image → blocks (attention between them) → ReLU → sum over positions h
///                     logit = h·w + b + ⟨E·condition, h⟩
///
/// - Source: Zhang, Goodfellow, Metaxas, Odena, 2019, as released; Miyato, Koyama, 2018 (projection).
public struct SAGAN: ConditionalModel {
  public let imageShape: Shape
  public let noiseSize: Int
  public let conditionSize: Int
  public let generator: SAGANGenerator
  public let discriminator: SAGANDiscriminator
  public let initializer: Initializer

  /// - Throws: `GraphError` with the key's name where the blocks do not reach the image's resolution, or attention is
  ///   asked for at a resolution that does not occur.
  public init(
    imageShape: Shape, noiseSize: Int, conditionSize: Int, generator: SAGANGenerator,
    discriminator: SAGANDiscriminator, initializer: Initializer = .orthogonal
  ) throws {
    self.imageShape = imageShape
    self.noiseSize = noiseSize
    self.conditionSize = conditionSize
    self.generator = generator
    self.discriminator = discriminator
    self.initializer = initializer
    try checkResolutions()
  }

  public var normalizesGeneratorWeights: Bool { generator.usesSpectralNorm }
  public var normalizesDiscriminatorWeights: Bool { discriminator.usesSpectralNorm }
  public var judgesSamplesAlone: Bool { !discriminator.norm.usesBatchStatistics }

  private var height: Int { imageShape[0] }
  private var width: Int { imageShape[1] }

  public func generate(noise: Value, condition: Value, in scope: Scope) throws -> Value {
    let factor = 1 << generator.blockCount
    let (baseHeight, baseWidth, channels) = (height / factor, width / factor, generator.channels)
    var h = try dense(noise, units: baseHeight * baseWidth * channels[0], in: scope / "input")
      .reshaped(to: [noise.shape[0], baseHeight, baseWidth, channels[0]])
    for (index, outputChannels) in channels.dropFirst().enumerated() {
      // With attention in between, too: the norm behind it leaves γ times little of a bias, and γ starts at 0. Its
      // gradient would be rounding, which Adam turns into full steps, other ones on every number of ranks.
      h = try generatorBlock(
        h, outputChannels: outputChannels, condition: condition, norm: generator.norm, precedesNorm: true,
        in: scope / "block\(index + 1)")
      h = try attended(h, at: generator.attentionAt, in: scope)
    }
    let finalNorm: NormKind = generator.norm == .conditionalBatch ? .batch : generator.norm
    h = try relu(normalized(h, finalNorm, condition: condition, in: scope / "norm"))
    let image = try convolution(h, outputChannels: imageShape[2], kernel: 3, in: scope / "image")
    return try scope.layer { try tanh(image) }
  }

  public func features(of images: Value, in scope: Scope) throws -> Value {
    var h = images
    for (index, outputChannels) in discriminator.channels.enumerated() {
      h = try discriminatorBlock(
        h, outputChannels: outputChannels, isFirst: index == 0, pools: index < discriminator.downBlocks,
        norm: discriminator.norm, in: scope / "block\(index + 1)")
      // Once per resolution: behind the block that reaches it.
      if index < discriminator.downBlocks || index == 0 {
        h = try attended(h, at: discriminator.attentionAt, in: scope)
      }
    }
    return try scope.layer { try relu(h).sum(axes: [1, 2]).reshaped(to: [h.shape[0], h.shape[3]]) }
  }

  public func judge(features: Value, condition: Value, in scope: Scope) throws -> Value {
    let n = features.shape[0]
    let plain = try dense(features, units: 1, in: scope / "output").reshaped(to: [n])
    let matching = try projection(features, condition: condition, in: scope / "embedding")
    return try scope.layer { try plain + matching }
  }

  private func attended(_ h: Value, at heights: [Int], in scope: Scope) throws -> Value {
    guard heights.contains(h.shape[1]) else { return h }
    return try nonLocalAttention(h, in: scope / "attention\(h.shape[1])")
  }
}

extension SAGAN {
  /// Heights behind the generator's blocks.
  private var generatorHeights: [Int] { (0..<generator.blockCount).reversed().map { height >> $0 } }

  /// Heights behind the discriminator's blocks, each once.
  private var discriminatorHeights: [Int] {
    discriminator.downBlocks == 0 ? [height] : (1...discriminator.downBlocks).map { height >> $0 }
  }

  private func checkResolutions() throws {
    guard (16...128).contains(height), (16...128).contains(width) else {
      throw GraphError(
        layer: "data.height and data.width",
        reason: "images of \(height)×\(width); this model makes 16×16 to 128×128")
    }
    guard generator.blockCount >= 1 else {
      throw GraphError(
        layer: "model.generator.channels",
        reason: "\(generator.channels) is too short; the first layer has one entry, every block adds one")
    }
    guard !discriminator.channels.isEmpty else {
      throw GraphError(
        layer: "model.discriminator.channels", reason: "no blocks; every block adds one entry to the list")
    }
    let factor = 1 << generator.blockCount
    guard height % factor == 0, width % factor == 0, min(height, width) / factor >= 2 else {
      throw GraphError(
        layer: "model.generator.channels",
        reason: "\(generator.blockCount) blocks multiply the first image by \(factor), which does not reach "
          + "\(height)×\(width) from at least 2×2; every block adds one entry to the list")
    }
    guard discriminator.downBlocks <= discriminator.channels.count else {
      throw GraphError(
        layer: "model.discriminator.downBlocks",
        reason: "\(discriminator.downBlocks) of only \(discriminator.channels.count) blocks")
    }
    let divisor = 1 << discriminator.downBlocks
    guard height % divisor == 0, width % divisor == 0 else {
      throw GraphError(
        layer: "model.discriminator.downBlocks",
        reason: "\(height)×\(width) cannot be halved \(discriminator.downBlocks) times")
    }
    guard discriminator.norm != .conditionalBatch else {
      throw GraphError(
        layer: "model.discriminator.norm",
        reason: "the discriminator sees the condition at its end only; use batch, instance, layer or none")
    }
    try check(generator.attentionAt, exist: generatorHeights, key: "model.generator.attentionAt")
    try check(discriminator.attentionAt, exist: discriminatorHeights, key: "model.discriminator.attentionAt")
  }

  private func check(_ asked: [Int], exist heights: [Int], key: String) throws {
    for asked in asked {
      guard heights.contains(asked) else {
        throw GraphError(
          layer: key,
          reason: "no block has height \(asked); there are " + heights.map(String.init).joined(separator: ", "))
      }
      // Keys and values are pooled 2×2.
      guard asked % 2 == 0, asked * width / height % 2 == 0 else {
        throw GraphError(
          layer: key, reason: "attention pools 2×2, which \(asked)×\(asked * width / height) does not allow")
      }
    }
  }
}
