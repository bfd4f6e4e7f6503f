import Measures

extension QualityCheck {
  /// Of the first `count` samples that were scored last: the `most` that are nearest to a training image, nearest first,
  /// with indices into the training images; none where the samples are not finite.
  public func nearestTraining(ofFirst count: Int, most: Int, neighbours: Int) -> [TrainingNeighbours] {
    guard let sampled, sampled.areFinite, known.trainingCount >= neighbours else { return [] }
    let first = sampled.selecting(0..<min(count, sampled.count))
    let indices = Scattered.choose(known.trainingCount, of: trainingCount)
    return known.neighbours(of: first, k: neighbours).sorted { ($0.distance, $0.sample) < ($1.distance, $1.sample) }
      .prefix(most).map { found in
        // Of large sets, features of some images are known.
        TrainingNeighbours(
          sample: found.sample, images: found.images.map { indices[$0] },
          distance: found.distance, heldOutShare: found.heldOutShare)
      }
  }
}
