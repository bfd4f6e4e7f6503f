/// How much of the network's time a run can spend computing: assumptions about the program, by name, so that they can be
/// corrected.
public struct Overlap: Equatable, Sendable {
  /// Gradients travel in buckets of about so many bytes, each when its last gradient is there.
  public var bucketBytes: Int
  /// The share of the backward pass that runs while buckets but the last are under way.
  public var backwardShare: Double
  /// The share of the next generator forward pass that runs before anything reads the updated discriminator.
  public var discriminatorUnderGeneratorForward: Double
  /// Seconds of each generator step's reduction that run under the discriminator's pass over real images.
  public var generatorHideableSeconds: Double

  public init(
    bucketBytes: Int = 2_000_000, backwardShare: Double = 0.5, discriminatorUnderGeneratorForward: Double = 1,
    generatorHideableSeconds: Double = 0
  ) {
    precondition(bucketBytes > 0 && backwardShare >= 0 && discriminatorUnderGeneratorForward >= 0)
    (self.bucketBytes, self.backwardShare) = (bucketBytes, backwardShare)
    self.discriminatorUnderGeneratorForward = discriminatorUnderGeneratorForward
    self.generatorHideableSeconds = generatorHideableSeconds
  }

  /// Every sum is waited for.
  public static let none = Overlap(
    bucketBytes: .max, backwardShare: 0, discriminatorUnderGeneratorForward: 0, generatorHideableSeconds: 0)

  public func buckets(of bytes: Int) -> Int { max(1, (bytes - 1) / bucketBytes + 1) }

  /// Seconds of the network that can pass unnoticed: under the rest of the backward pass while there is more than one
  /// bucket, and under what follows.
  ///
  ///     backwardShare · backward · (buckets − 1)/buckets + following
  public func hideableSeconds(backward: Double, following: Double, buckets: Int) -> Double {
    backwardShare * backward * Double(buckets - 1) / Double(buckets) + following
  }
}
