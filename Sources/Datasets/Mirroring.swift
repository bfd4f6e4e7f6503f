import Tensors

/// Which images of a step are shown mirrored, left for right: each or not as likely.
///
/// A function of (seed, step, place in the global batch) alone, so the number of ranks and a resume change nothing.
public struct Mirroring: Sendable {
  private let stream: RandomStream

  public init(seed: UInt64) { stream = RandomStream(seed: seed, purpose: .augmentation) }

  public func applies(step: Int, sample: UInt32) -> Bool {
    stream.integer(below: 2, iteration: UInt64(step), sample: sample) == 1
  }
}
