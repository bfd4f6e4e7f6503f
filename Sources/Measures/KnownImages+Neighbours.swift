/// A sample's nearest training images.
public struct TrainingNeighbours: Sendable, Equatable {
  /// The sample, and the training images by their rows, nearest first.
  public let sample: Int
  public let images: [Int]
  /// To the first of them.
  public let distance: Double
  /// The share of held-out images that are as near to a training image, or nearer. Below 0.01: a copy.
  public let heldOutShare: Double

  public init(sample: Int, images: [Int], distance: Double, heldOutShare: Double) {
    (self.sample, self.images, self.distance, self.heldOutShare) = (sample, images, distance, heldOutShare)
  }
}

extension KnownImages {
  /// How many training images there are.
  public var trainingCount: Int { training.count }

  /// The `k` training images nearest to each sample, by features.
  ///
  /// - Precondition: not more than there are.
  public func neighbours(of samples: Features, k: Int) -> [TrainingNeighbours] {
    precondition(k >= 1 && k <= training.count, "\(k) neighbours of \(training.count) images")
    var nearest = Array(repeating: [(index: Int, distance: Double)](), count: samples.count)
    Distances.forOwnTiles(samples, training, SharedWork()) { rows, columns, tile in
      for row in rows {
        for column in 0..<columns.count {
          let distance = tile[(row - rows.lowerBound) * columns.count + column]
          if nearest[row].count == k, distance >= nearest[row][k - 1].distance { continue }
          let place = nearest[row].firstIndex { $0.distance > distance } ?? nearest[row].count
          nearest[row].insert((columns.lowerBound + column, distance), at: place)
          if nearest[row].count > k { nearest[row].removeLast() }
        }
      }
    }
    return nearest.enumerated().map { sample, found in
      // Ascending: everything before the first that is farther away is as near.
      let nearer = heldOutDistances.firstIndex { $0 > found[0].distance } ?? heldOutDistances.count
      return TrainingNeighbours(
        sample: sample, images: found.map(\.index), distance: found[0].distance.squareRoot(),
        heldOutShare: Double(nearer) / Double(heldOutDistances.count))
    }
  }
}
