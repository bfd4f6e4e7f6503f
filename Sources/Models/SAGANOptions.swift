import Layers

/// The generator of a SAGAN: a dense layer, then blocks that double height and width.
public struct SAGANGenerator: Hashable, Sendable {
  /// Channels behind the dense layer, then behind every block.
  public var channels: [Int]
  /// Heights at which attention follows a block.
  public var attentionAt: [Int]
  public var norm: NormKind
  public var usesSpectralNorm: Bool

  public init(
    channels: [Int] = [256, 256, 256, 256], attentionAt: [Int] = [16], norm: NormKind = .conditionalBatch,
    usesSpectralNorm: Bool = true
  ) {
    self.channels = channels
    self.attentionAt = attentionAt
    self.norm = norm
    self.usesSpectralNorm = usesSpectralNorm
  }

  public var blockCount: Int { channels.count - 1 }
}

/// The discriminator of a SAGAN: residual blocks, the first ones halving height and width.
public struct SAGANDiscriminator: Hashable, Sendable {
  /// Channels behind every block.
  public var channels: [Int]
  /// How many blocks halve, from the first on.
  public var downBlocks: Int
  /// Heights at which attention follows the block that reaches them.
  public var attentionAt: [Int]
  public var norm: NormKind
  public var usesSpectralNorm: Bool

  public init(
    channels: [Int] = [128, 128, 128, 128], downBlocks: Int = 2, attentionAt: [Int] = [16], norm: NormKind = .none,
    usesSpectralNorm: Bool = true
  ) {
    self.channels = channels
    self.downBlocks = downBlocks
    self.attentionAt = attentionAt
    self.norm = norm
    self.usesSpectralNorm = usesSpectralNorm
  }
}
