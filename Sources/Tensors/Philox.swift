/// Philox 4x32-10: four random 32-bit words from a 128-bit counter and a 64-bit key, with no state in between.
///
/// Every draw of a run is a function of (seed, purpose, iteration, global sample index, position in the sample), so
/// nothing depends on how many ranks share the work or on the order in which they ask.
///
/// - Source: Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, 2011.
public enum Philox {
  /// The four words at `counter` under `key`.
  public static func words(
    counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
  ) -> (UInt32, UInt32, UInt32, UInt32) {
    var (c0, c1, c2, c3) = counter
    var (k0, k1) = key
    for _ in 0..<10 {
      let p0 = UInt64(0xD251_1F53) * UInt64(c0)
      let p1 = UInt64(0xCD9E_8D57) * UInt64(c2)
      (c0, c1, c2, c3) = (
        UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: p1),
        UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: p0)
      )
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return (c0, c1, c2, c3)
  }
}

/// What a random draw is for: draws for different purposes never meet, whatever their other coordinates.
public enum RandomPurpose: UInt32, Sendable, CaseIterable {
  case initialization = 1
  case shuffling = 2
  case discriminatorNoise = 3
  case discriminatorLabels = 4
  case generatorNoise = 5
  case generatorLabels = 6
  case mismatchedLabels = 7
  case samplingNoise = 8
  case evaluation = 9
  case augmentation = 10
  /// Where between a real and a fake image the penalty of WGAN-GP looks.
  case gradientPenalty = 11
  /// Of the batches that norm statistics are measured on.
  case measuringNoise = 12
  case measuringLabels = 13
  /// What R1 by finite differences adds to real images.
  case gradientNoise = 14
}

/// One stream of random words: fixed seed and purpose, addressed by (iteration, sample, position).
///
/// Counter layout, shared with `ck_random_*` in CKernels: word 0 is position / 4 within the sample, word 1 the sample
/// index, words 2 and 3 the iteration (low, high); the key is (seed low ^ purpose · 0x9E3779B9, seed high ^ purpose).
public struct RandomStream: Sendable {
  public let key: (UInt32, UInt32)

  public init(seed: UInt64, purpose: RandomPurpose) {
    key = (
      UInt32(truncatingIfNeeded: seed) ^ (purpose.rawValue &* 0x9E37_79B9),
      UInt32(truncatingIfNeeded: seed >> 32) ^ purpose.rawValue
    )
  }

  /// The random word at a position.
  public func word(iteration: UInt64, sample: UInt32, position: UInt32) -> UInt32 {
    let four = Philox.words(
      counter: (
        position / 4, sample, UInt32(truncatingIfNeeded: iteration), UInt32(truncatingIfNeeded: iteration >> 32)
      ),
      key: key)
    switch position % 4 {
    case 0: return four.0
    case 1: return four.1
    case 2: return four.2
    default: return four.3
    }
  }

  /// A whole number in `0..<bound`, by multiply-and-shift (bias below bound / 2³²).
  public func integer(below bound: Int, iteration: UInt64, sample: UInt32, position: UInt32 = 0) -> Int {
    precondition(bound > 0 && bound <= Int(UInt32.max), "bound \(bound) outside 1…2³²−1")
    return Int((UInt64(word(iteration: iteration, sample: sample, position: position)) * UInt64(bound)) >> 32)
  }

  /// A number in (0, 1): (word >> 8 + ½) / 2²⁴.
  public func uniform(iteration: UInt64, sample: UInt32, position: UInt32 = 0) -> Double {
    (Double(word(iteration: iteration, sample: sample, position: position) >> 8) + 0.5) * 0x1p-24
  }
}
