import Communication
import Datasets
import Measures
import Tensors

/// Features and roughness of images as ranks find them, block by block, put together on all ranks.
public final class FeatureTable {
  private let imageShape: Shape
  private var features: [Double]
  /// Of each image.
  private var roughness: [Double]
  /// Of the first rows, the samples themselves; empty where they are not asked for.
  private var values: [Double]

  /// Numbers of samples that are kept, 8 bytes each.
  private static let mostValues = 1 << 24

  /// - Parameter keepsValues: whether the samples themselves are wanted, too: of vectors and sequences.
  public init(count: Int, imageShape: Shape, keepsValues: Bool = false) {
    self.imageShape = imageShape
    let kept = keepsValues ? min(count, QualityCheck.mostPlaced, Self.mostValues / imageShape.count) : 0
    values = Array(repeating: 0, count: kept * imageShape.count)
    features = Array(repeating: 0, count: count * Classifier.featureWidth)
    roughness = Array(repeating: 0, count: count)
  }

  /// Rows `first ..< first + rows`, where this table has them.
  func add(
    _ found: UnsafeMutableBufferPointer<Float>, images: UnsafeMutableBufferPointer<Float>, first: Int, rows: Int
  ) {
    let (width, size) = (Classifier.featureWidth, imageShape.count)
    for row in 0..<min(rows, roughness.count - first) {
      for j in 0..<width { features[(first + row) * width + j] = Double(found[row * width + j]) }
      if (first + row) * size < values.count {
        for i in 0..<size { values[(first + row) * size + i] = Double(images[row * size + i]) }
      }
      roughness[first + row] = Self.roughness(
        UnsafeBufferPointer(rebasing: images[row * size..<(row + 1) * size]), shape: imageShape)
    }
  }

  /// What all ranks have found, on all of them; each row must have been added by one.
  public func finish(_ work: SharedWork) throws -> Finished {
    try work.sum(&features)
    try work.sum(&roughness)
    if !values.isEmpty { try work.sum(&values) }
    return Finished(
      features: Features(width: Classifier.featureWidth, doubles: features), roughness: roughness,
      values: values.isEmpty ? nil : Features(width: imageShape.count, doubles: values))
  }

  /// Of all samples.
  public struct Finished {
    public let features: Features
    public let roughness: [Double]
    /// The first samples themselves.
    public let values: Features?
  }

  /// Features of images spread over a set, as `Scattered.choose` has them; all ranks share the work.
  public static func measure(
    _ set: ImageSet, count: Int, classifier: Classifier, keepsValues: Bool = false, communicator: any Communicator
  ) throws -> (table: Finished, labels: [Int]) {
    let table = FeatureTable(count: count, imageShape: set.imageShape, keepsValues: keepsValues)
    let (block, size) = (Classifier.blockSize, set.imageShape.count)
    let indices = Scattered.choose(count, of: set.count)
    var images = [Float](repeating: 0, count: block * size)
    for first in stride(from: communicator.rank * block, to: count, by: communicator.size * block) {
      let rows = min(block, count - first)
      try images.withUnsafeMutableBufferPointer { images in
        guard let start = images.baseAddress else { return }
        _ = try classifier.outputs(count: rows) { row, target in
          set.write(index: indices[first + row], to: target)
          (start + row * size).update(from: target, count: size)
        }
        table.add(classifier.features, images: images, first: first, rows: rows)
      }
    }
    return (try table.finish(SharedWork(communicator)), indices.map(set.label))
  }

  /// Σ over channels and pixels that have all neighbours of (x − mean of 3×3)²: what speckle adds to, and neither a
  /// classifier nor a Fréchet distance sees.
  static func roughness(_ image: UnsafeBufferPointer<Float>, shape: Shape) -> Double {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    var total = 0.0
    guard height > 2, width > 2 else { return 0 }
    for y in 1..<height - 1 {
      for index in ((y * width + 1) * channels)..<((y * width + width - 1) * channels) {
        var sum: Float = 0
        for line in [index - width * channels, index, index + width * channels] {
          sum += image[line - channels] + image[line] + image[line + channels]
        }
        let difference = Double(image[index] - sum / 9)
        total += difference * difference
      }
    }
    return total
  }

  /// Roughness of images that hold nothing but what rounding to 8 bits leaves: a twelfth of a step's square in each number,
  /// of which the mean of nine takes a ninth. 0 of images too small for any.
  static func roundingRoughness(shape: Shape) -> Double {
    let step = 2.0 / 255
    return Double(max(0, shape[0] - 2) * max(0, shape[1] - 2) * shape[2]) * step * step / 12 * 8 / 9
  }
}
