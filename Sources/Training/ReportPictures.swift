import Datasets
import Evaluation
import Files
import Reporting
import Tensors

/// Pictures of the report beside the grid of samples, made by rank 0 at each evaluation.
struct ReportPictures {
  let trainer: Trainer
  let check: ClassCheck?
  let output: RunDirectory

  private static let columns = 10
  private static let rows = 5

  /// Writes them, replacing those of the evaluation before.
  func write() throws {
    try Directories.create(output.pictures)
    try writeInterpolation()
    try writeNeighbours()
    for picture in try AttentionPicture.draw(trainer.evaluation, writeCondition: condition) {
      try picture.write(to: "\(output.pictures)/\(picture.name).png")
    }
  }

  /// Class after class; with other conditions, those of training samples.
  private func condition(of sample: Int, to target: UnsafeMutablePointer<Float>) {
    let conditions = trainer.conditions
    switch conditions.kind {
    case .classes: conditions.write(class: sample % conditions.knownClasses, to: target)
    case .continuous: conditions.write(conditionOf: sample % conditions.count, to: target)
    }
  }

  /// From one noise vector to another, on the great circle; a row each for some conditions.
  private func writeInterpolation() throws {
    let programs = trainer.evaluation
    let noise = try programs.noise(block: 0)
    let size = programs.noiseSize
    let count = Self.rows * Self.columns
    let samples = try programs.sample(count: count) { row, target, told in
      let (line, place) = row.quotientAndRemainder(dividingBy: Self.columns)
      let ends = [2 * line, 2 * line + 1].map { noise[$0 * size..<($0 + 1) * size] }
      let mixed = Interpolation.spherical(ends[0], ends[1], share: Double(place) / Double(Self.columns - 1))
      for k in 0..<size { target[k] = mixed[k] }
      condition(of: line, to: told)
    }
    let shape = programs.imageShape
    try SamplePicture.write(
      UnsafeBufferPointer(rebasing: samples[..<(count * shape.count)]), count: count, shape: shape,
      layout: trainer.dataset.layout, columns: Self.columns, to: "\(output.pictures)/interpolation.png")
  }

  /// Samples, and below each the training sample whose features are nearest.
  private func writeNeighbours() throws {
    guard let check, check.quality != nil else { return }
    let programs = trainer.evaluation
    let shape = programs.imageShape
    let count = 2 * Self.columns
    let samples = Array(
      try programs.sample(block: 0, writeCondition: condition)[..<(count * shape.count)])
    let nearest = try check.nearestTraining(to: samples, count: count)
    var rows: [Float] = []
    var image = [Float](repeating: 0, count: shape.count)
    for first in stride(from: 0, to: count, by: Self.columns) {
      rows += samples[first * shape.count..<(first + Self.columns) * shape.count]
      for index in nearest[first..<first + Self.columns] {
        image.withUnsafeMutableBufferPointer {
          if let start = $0.baseAddress { trainer.dataset.training.write(index: index, to: start) }
        }
        rows += image
      }
    }
    try rows.withUnsafeBufferPointer {
      try SamplePicture.write(
        $0, count: 2 * count, shape: shape, layout: trainer.dataset.layout, columns: Self.columns,
        to: "\(output.pictures)/neighbours.png")
    }
  }
}
