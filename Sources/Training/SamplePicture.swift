import Datasets
import Evaluation
import Reporting
import Tensors

/// A grid of samples, one row per class; with continuous conditions, one row per training image's condition.
public struct SamplePicture {
  private let images: [Float]?
  private let shape: Shape
  private let columns: Int

  /// Draws the samples, with all ranks.
  public init(trainer: Trainer, columns: Int) throws {
    let conditions = trainer.conditions
    let rows = conditions.kind == .classes ? conditions.knownClasses : min(10, conditions.count)
    let count = rows * columns
    images = try Sampler(trainer.evaluation, communicator: trainer.communicator).images(count: count) {
      switch conditions.kind {
      case .classes: conditions.write(class: $0 / columns, to: $1)
      case .continuous: conditions.write(conditionOf: $0 / columns, to: $1)
      }
    }
    shape = Shape([count] + trainer.model.imageShape.dimensions)
    self.columns = columns
  }

  /// Writes the grid as PNG. Rank 0 only.
  public func write(to path: String) throws {
    guard let images else { return }
    try images.withUnsafeBufferPointer {
      try ImageGrid.writePNG($0, shape: shape, columns: columns, to: path)
    }
  }
}
