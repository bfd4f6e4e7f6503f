import Communication
import Datasets
import Measures
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How the discriminator does on images of one kind.
public struct DiscriminatorScore: Sendable, Equatable {
  /// Mean binary cross-entropy.
  public var loss: Double
  /// Share judged right: real images above zero, fakes below.
  public var accuracy: Double
}

/// The discriminator on images that it trained on, on held-out images and on fakes. The gap between training and test
/// is the overfitting signal.
public struct DiscriminatorScores: Sendable, Equatable {
  public var training: DiscriminatorScore
  public var test: DiscriminatorScore
  public var fake: DiscriminatorScore
  /// What layers show while they make and judge the fakes, by name: attention's entropy, for one.
  public var observations: [Observed]

  public struct Observed: Sendable, Equatable {
    public var name: String
    public var mean: Double
  }

  /// Judges up to `samples` images of each kind; all ranks share the work, and all learn the result.
  ///
  /// Blocks of 64 samples go to the ranks in turn; sums are double, so the number of ranks shows in the last digits only.
  public static func measure(
    _ programs: EvaluationPrograms, training: (ImageSet, Conditions), test: (ImageSet, Conditions), samples: Int,
    iteration: UInt64
  ) throws -> DiscriminatorScores {
    let names = programs.observationNames
    var sums = [Double](repeating: 0, count: 10 + names.count)
    try addReal(training, samples: samples, programs, to: &sums, at: 0)
    try addReal(test, samples: samples, programs, to: &sums, at: 3)
    try addFakes(training.1, samples: samples, iteration: iteration, programs, to: &sums, at: 6)
    try sums.withUnsafeMutableBufferPointer { try programs.communicator.allReduceSum($0) }
    let score = { (index: Int) in
      let count = max(1, sums[index + 2])
      return DiscriminatorScore(loss: sums[index] / count, accuracy: sums[index + 1] / count)
    }
    return DiscriminatorScores(
      training: score(0), test: score(3), fake: score(6),
      observations: names.indices.map { Observed(name: names[$0], mean: sums[10 + $0] / max(1, sums[9])) })
  }

  /// Spreads the judged images over the set.
  private static func addReal(
    _ set: (images: ImageSet, conditions: Conditions), samples: Int, _ programs: EvaluationPrograms,
    to sums: inout [Double], at offset: Int
  ) throws {
    let count = min(samples, set.images.count)
    let indices = Scattered.choose(count, of: set.images.count)
    try forOwnBlocks(of: count, programs) { first, rows in
      let logits = try programs.judge(count: rows) { row, images, condition in
        let index = indices[first + row]
        set.images.write(index: index, to: images.baseAddress! + row * set.images.imageShape.count)
        set.conditions.write(conditionOf: index, to: condition)
      }
      add(logits[..<rows], isReal: true, to: &sums, at: offset)
    }
  }

  private static func addFakes(
    _ conditions: Conditions, samples: Int, iteration: UInt64, _ programs: EvaluationPrograms,
    to sums: inout [Double], at offset: Int
  ) throws {
    try forOwnBlocks(of: samples, programs) { first, rows in
      let block = first / EvaluationPrograms.blockSize
      let judged = try programs.judgeSamples(block: block, iteration: iteration) {
        conditions.write(randomFor: .evaluation, step: Int(iteration), sample: UInt32($0), to: $1)
      }
      add(judged.logits[..<rows], isReal: false, to: &sums, at: offset)
      sums[9] += 1
      for (index, value) in judged.observations.enumerated() { sums[10 + index] += value }
    }
  }

  private static func forOwnBlocks(
    of count: Int, _ programs: EvaluationPrograms, _ body: (_ first: Int, _ rows: Int) throws -> Void
  ) throws {
    let size = EvaluationPrograms.blockSize
    try programs.forOwnBlocks(of: (count + size - 1) / size) { block in
      try body(block * size, min(size, count - block * size))
    }
  }

  private static func add(
    _ logits: Slice<UnsafeMutableBufferPointer<Float>>, isReal: Bool, to sums: inout [Double], at offset: Int
  ) {
    for logit in logits {
      let margin = Double(isReal ? logit : -logit)
      sums[offset] += max(-margin, 0) + log1p(exp(-abs(margin)))
      sums[offset + 1] += margin > 0 ? 1 : 0
      sums[offset + 2] += 1
    }
  }
}
