import Communication
import Datasets
import Tensors

/// Whether samples show the class that they were asked to show, and whether those of a class differ as real ones do.
public struct ClassScores: Sendable, Equatable {
  /// Share of samples that the classifier takes for their class.
  public var accuracy: Double
  /// The lowest share among the classes, and which class that is.
  public var worstAccuracy: Double
  public var worstClass: Int
  /// Mean standard deviation of pixels within a class, over the same of the training images: near 0 the samples of a
  /// class are all alike.
  public var spread: Double
  /// The same of the class whose samples differ least, over the mean of all classes of the training images.
  public var leastSpread: Double
  public var leastSpreadClass: Int

  /// Draws `samples` samples, as many of every class as possible, and classifies them; all ranks share the work.
  ///
  /// - Parameters:
  ///   - realDeviation: `meanDeviationWithinClasses(of:)` of the training images.
  ///   - collected: gets features and images of the samples, `balancedCount` of them, class after class in turn.
  public static func measure(
    _ programs: EvaluationPrograms, classifier: Classifier, classes: Int, samples: Int, realDeviation: Double,
    iteration: UInt64, conditions: Conditions, collected: FeatureTable? = nil
  ) throws -> ClassScores {
    let count = balancedCount(samples, classes: classes)
    var sums = ClassSums(classes: classes, size: programs.imageShape.count)
    let size = EvaluationPrograms.blockSize
    try programs.forOwnBlocks(of: (count + size - 1) / size) { block in
      let images = try programs.sample(block: block, iteration: iteration) {
        conditions.write(class: $0 % classes, to: $1)
      }
      let rows = min(size, count - block * size)
      let found = try classifier.classes(count: rows) { row, target in
        target.update(from: images.baseAddress! + row * sums.size, count: sums.size)
      }
      collected?.add(classifier.features, images: images, first: block * size, rows: rows)
      for row in 0..<rows {
        let label = (block * size + row) % classes
        sums.add(images.baseAddress! + row * sums.size, label: label, isRight: found[row] == label)
      }
    }
    try sums.numbers.withUnsafeMutableBufferPointer { try programs.communicator.allReduceSum($0) }
    let shares = (0..<classes).map { sums.right($0) / max(1, sums.count($0)) }
    let worst = shares.indices.min { shares[$0] < shares[$1] } ?? 0
    let deviations = (0..<classes).map(sums.deviation)
    let least = deviations.indices.min { deviations[$0] < deviations[$1] } ?? 0
    let unit = realDeviation > 0 ? realDeviation : .infinity
    return ClassScores(
      accuracy: shares.reduce(0, +) / Double(classes), worstAccuracy: shares[worst], worstClass: worst,
      spread: sums.meanDeviation / unit, leastSpread: deviations[least] / unit, leastSpreadClass: least)
  }

  /// As many samples of every class as go into `samples`; at least two, or there is no deviation.
  public static func balancedCount(_ samples: Int, classes: Int) -> Int { max(2, samples / classes) * classes }

  /// The mean over classes and pixels of the standard deviation within a class.
  public static func meanDeviationWithinClasses(of set: ImageSet, classes: Int) -> Double {
    var sums = ClassSums(classes: classes, size: set.imageShape.count)
    var image = [Float](repeating: 0, count: sums.size)
    // Of very large sets those spread over them.
    let count = min(set.count, 100_000)
    for place in 0..<count {
      let index = place * set.count / count
      image.withUnsafeMutableBufferPointer { buffer in
        guard let pointer = buffer.baseAddress else { return }
        set.write(index: index, to: pointer)
        sums.add(pointer, label: set.label(at: index), isRight: true)
      }
    }
    return sums.meanDeviation
  }
}

/// Per class: how many images, how many of them right, Σ and Σ² of every pixel.
private struct ClassSums {
  let classes: Int
  /// Pixels of an image, channels included.
  let size: Int
  var numbers: [Double]
  private var stride: Int { 2 + 2 * size }

  init(classes: Int, size: Int) {
    self.classes = classes
    self.size = size
    numbers = Array(repeating: 0, count: classes * (2 + 2 * size))
  }

  func count(_ label: Int) -> Double { numbers[label * stride] }
  func right(_ label: Int) -> Double { numbers[label * stride + 1] }

  mutating func add(_ image: UnsafePointer<Float>, label: Int, isRight: Bool) {
    let first = label * stride
    numbers[first] += 1
    if isRight { numbers[first + 1] += 1 }
    for i in 0..<size {
      let x = Double(image[i])
      numbers[first + 2 + i] += x
      numbers[first + 2 + size + i] += x * x
    }
  }

  /// Of classes with at least two images.
  var meanDeviation: Double {
    let seen = (0..<classes).filter { count($0) >= 2 }
    guard !seen.isEmpty else { return 0 }
    return seen.map(deviation).reduce(0, +) / Double(seen.count)
  }

  /// The mean over pixels of the standard deviation within a class of at least two images; 0 for others.
  func deviation(_ label: Int) -> Double {
    let (first, n) = (label * stride, count(label))
    guard n >= 2 else { return 0 }
    let total = (0..<size).reduce(0.0) { total, i in
      let mean = numbers[first + 2 + i] / n
      let variance = (numbers[first + 2 + size + i] - n * mean * mean) / (n - 1)
      return total + max(0, variance).squareRoot()
    }
    return total / Double(size)
  }
}
