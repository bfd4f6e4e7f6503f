import Evaluation
import Files
import Reporting
import Tensors

/// What an evaluation draws beside its samples; rank 0 draws it from three or four blocks of samples.
struct EvaluationPictures {
  private static let interpolationSteps = 8
  private static let neighbourSamples = 12
  private static let mapSamples = 3

  let trainer: Trainer
  let output: RunDirectory

  private var evaluation: EvaluationPrograms { trainer.evaluation }
  private var imageShape: Shape { trainer.model.imageShape }

  /// Draws and writes all of them.
  ///
  /// - Parameter quality: that has scored samples of this iteration.
  /// - Returns: how near the shown samples are to training images, in words; nil where none are shown.
  /// - Throws: where a file cannot be written.
  func write(quality: QualityCheck?) throws -> String? {
    try Directories.create(output.place(output.pictures))
    try writeInterpolations()
    try writeAttention()
    return try quality.flatMap(writeNeighbours)
  }

  /// The condition of a row, as in the picture of samples.
  private func writeCondition(row: Int, to target: UnsafeMutablePointer<Float>) {
    let conditions = trainer.conditions
    switch conditions.kind {
    case .classes: conditions.write(class: row % conditions.knownClasses, to: target)
    case .continuous: conditions.write(conditionOf: row % conditions.count, to: target)
    }
  }

  private func writeInterpolations() throws {
    let conditions = trainer.conditions
    let rows = min(8, conditions.kind == .classes ? conditions.knownClasses : conditions.count)
    let steps = Self.interpolationSteps
    let images = try evaluation.interpolations(rows: rows, steps: steps) { writeCondition(row: $0, to: $1) }
    try writeGrid(images, count: rows * steps, columns: steps, name: RunReport.interpolations)
  }

  private func writeAttention() throws {
    try AttentionPictures(evaluation, imageShape: imageShape, samples: Self.mapSamples).write(
      to: output.place(output.pictures)
    ) {
      writeCondition(row: $0, to: $1)
    }
  }

  private func writeNeighbours(_ quality: QualityCheck) throws -> String? {
    let found = quality.nearestTraining(
      ofFirst: EvaluationPrograms.blockSize, most: Self.neighbourSamples, neighbours: 2)
    guard !found.isEmpty else { return nil }
    // The samples that were scored, once more.
    let (conditions, iteration) = (trainer.conditions, trainer.iteration)
    let drawn = try evaluation.sample(block: 0, iteration: UInt64(iteration)) {
      switch conditions.kind {
      case .classes: conditions.write(class: $0 % conditions.knownClasses, to: $1)
      case .continuous: conditions.write(randomFor: .evaluation, step: iteration, sample: UInt32($0), to: $1)
      }
    }
    let size = imageShape.count
    var images = found.flatMap { drawn[$0.sample * size..<($0.sample + 1) * size] }
    var image = [Float](repeating: 0, count: size)
    for neighbour in 0..<2 {
      for sample in found {
        image.withUnsafeMutableBufferPointer {
          guard let target = $0.baseAddress else { return }
          trainer.dataset.training.write(index: sample.images[neighbour], to: target)
        }
        images += image
      }
    }
    try writeGrid(images, count: 3 * found.count, columns: found.count, name: RunReport.neighbours)
    return found.map { "\(Int((100 * $0.heldOutShare).rounded())) %" }.joined(separator: ", ")
  }

  private func writeGrid(_ images: [Float], count: Int, columns: Int, name: String) throws {
    try images.withUnsafeBufferPointer {
      try SamplePicture.write(
        $0, count: count, shape: imageShape, layout: trainer.dataset.layout, columns: columns,
        to: output.place("\(output.pictures)/\(name).png"))
    }
  }
}

/// Attention maps of a model's layers, a file for each.
public struct AttentionPictures {
  private let programs: EvaluationPrograms
  private let imageShape: Shape
  private let samples: Int

  /// - Parameter samples: how many are shown, at most `EvaluationPrograms.mapSamples`.
  public init(_ programs: EvaluationPrograms, imageShape: Shape, samples: Int) {
    (self.programs, self.imageShape, self.samples) = (programs, imageShape, samples)
  }

  /// Draws samples, lets the discriminator judge them, and writes `attention-generator-….png` and the like.
  ///
  /// - Parameter writeCondition: writes the condition of a sample.
  /// - Returns: the files; none where no layer attends.
  @discardableResult
  public func write(
    to directory: FilePlace, writeCondition: (Int, UnsafeMutablePointer<Float>) -> Void
  ) throws -> [String] {
    let found = try programs.attentionMaps(writeCondition: writeCondition)
    return try found.maps.map { map in
      let name = String(map.name.map { $0 == "/" ? "-" : $0 })
      let place = directory.appending("\(RunReport.attentionPrefix)\(name).png")
      let picture =
        if let positions = map.positions {
          AttentionPicture(
            weights: map.weights, shape: map.shape, positions: positions, images: found.images, imageShape: imageShape,
            samples: samples)
        } else {
          AttentionPicture(weights: map.weights, shape: map.shape, mean: map.mean, samples: samples)
        }
      try picture.write(to: place)
      return place.path
    }
  }
}
