/// How much of the network's time a run can spend computing: assumptions about the program, by name, so that they can be
/// corrected.
public struct Overlap: Equatable, Sendable {
  /// Gradients travel in buckets of at least so many bytes, each when its last gradient is there.
  public var bucketBytes: Int
  /// The share of the backward pass that runs while buckets but the last are under way.
  public var backwardShare: Double
  /// Buckets that are under way at a time.
  public var bucketsInFlight: Int
  /// The share of what the next phase does before it needs the update that gradients travel beneath.
  public var earlyShare: Double

  public init(
    bucketBytes: Int = 65_536, bucketsInFlight: Int = 4, backwardShare: Double = 0.3, earlyShare: Double = 1
  ) {
    precondition(bucketBytes > 0 && bucketsInFlight > 0 && backwardShare >= 0 && earlyShare >= 0)
    (self.bucketBytes, self.bucketsInFlight) = (bucketBytes, bucketsInFlight)
    (self.backwardShare, self.earlyShare) = (backwardShare, earlyShare)
  }

  /// Every sum is waited for.
  public static let none = Overlap(bucketBytes: .max, bucketsInFlight: 1, backwardShare: 0, earlyShare: 0)

  /// Seconds of the network that can pass unnoticed: under the rest of the backward pass while there is more than one
  /// bucket, and under what follows.
  ///
  ///     backwardShare · backward · (buckets − 1)/buckets + following
  public func hideableSeconds(backward: Double, following: Double, buckets: Int) -> Double {
    backwardShare * backward * Double(buckets - 1) / Double(buckets) + following
  }
}
