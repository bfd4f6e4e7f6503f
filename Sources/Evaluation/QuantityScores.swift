import Communication
import Datasets
import Tensors

/// Whether samples show the quantities that they were asked to show, as the feature network reads them.
///
///     explained = 1 − Σ (read − asked)² / Σ (asked − mean asked)²
///
/// 1 is perfect; at 0 or below nothing of what was asked for is seen. The network reads real samples with an error of its own.
public struct QuantityScores: Sendable, Equatable {
  /// Over all quantities, each counting by its variance.
  public var explained: Double
  /// The worst quantity, and which one that is.
  public var worstExplained: Double
  public var worstQuantity: Int

  /// Draws `samples` samples under conditions of random training samples and reads them; all ranks share the work.
  ///
  /// - Parameter collected: gets features and values of the samples.
  public static func measure(
    _ programs: EvaluationPrograms, network: Classifier, samples: Int, iteration: UInt64, conditions: Conditions,
    collected: FeatureTable? = nil
  ) throws -> QuantityScores {
    var sums = QuantitySums(count: conditions.size)
    let size = EvaluationPrograms.blockSize
    let sampleSize = programs.imageShape.count
    var asked = [Float](repeating: 0, count: size * conditions.size)
    try programs.forOwnBlocks(of: (samples + size - 1) / size) { block in
      let images = try programs.sample(block: block, iteration: iteration) {
        conditions.write(randomFor: .evaluation, step: Int(iteration), sample: UInt32($0), to: $1)
        let first = ($0 - block * size) * conditions.size
        for k in 0..<conditions.size { asked[first + k] = $1[k] }
      }
      let rows = min(size, samples - block * size)
      let read = try network.outputs(count: rows) { row, target in
        target.update(from: images.baseAddress! + row * sampleSize, count: sampleSize)
      }
      collected?.add(network.features, images: images, first: block * size, rows: rows)
      sums.add(read: read, asked: asked, rows: rows)
    }
    return try sums.scores(programs.communicator)
  }

  /// What the network reads of real samples, against what the data say.
  public static func measure(
    real set: ImageSet, conditions: Conditions, network: Classifier, communicator: any Communicator
  ) throws -> QuantityScores {
    var sums = QuantitySums(count: conditions.size)
    let size = Classifier.blockSize
    var asked = [Float](repeating: 0, count: size * conditions.size)
    for first in stride(from: communicator.rank * size, to: set.count, by: communicator.size * size) {
      let rows = min(size, set.count - first)
      asked.withUnsafeMutableBufferPointer { asked in
        guard let start = asked.baseAddress else { return }
        for row in 0..<rows { conditions.write(conditionOf: first + row, to: start + row * conditions.size) }
      }
      let read = try network.outputs(count: rows) { set.write(index: first + $0, to: $1) }
      sums.add(read: read, asked: asked, rows: rows)
    }
    return try sums.scores(communicator)
  }
}

/// Per quantity: how often, Σ and Σ² of what was asked, Σ of squared errors.
private struct QuantitySums {
  private let count: Int
  private var numbers: [Double]

  init(count: Int) {
    self.count = count
    numbers = Array(repeating: 0, count: 4 * count)
  }

  mutating func add(read: UnsafeMutableBufferPointer<Float>, asked: [Float], rows: Int) {
    for row in 0..<rows {
      for k in 0..<count {
        let (x, y) = (Double(asked[row * count + k]), Double(read[row * count + k]))
        numbers[4 * k] += 1
        numbers[4 * k + 1] += x
        numbers[4 * k + 2] += x * x
        numbers[4 * k + 3] += (y - x) * (y - x)
      }
    }
  }

  mutating func scores(_ communicator: any Communicator) throws -> QuantityScores {
    try numbers.withUnsafeMutableBufferPointer { try communicator.allReduceSum($0) }
    let parts = (0..<count).map { k in
      let n = max(1, numbers[4 * k])
      return (error: numbers[4 * k + 3], variance: numbers[4 * k + 2] - numbers[4 * k + 1] * numbers[4 * k + 1] / n)
    }
    // A quantity that never changes tells nothing.
    let changing = parts.indices.filter { parts[$0].variance > 1e-9 }
    let share = { (parts: [(error: Double, variance: Double)]) in
      1 - parts.reduce(0) { $0 + $1.error } / max(1e-9, parts.reduce(0) { $0 + $1.variance })
    }
    let shares = changing.map { share([parts[$0]]) }
    let worst = shares.indices.min { shares[$0] < shares[$1] }
    return QuantityScores(
      explained: share(changing.map { parts[$0] }), worstExplained: worst.map { shares[$0] } ?? 0,
      worstQuantity: worst.map { changing[$0] } ?? 0)
  }
}
