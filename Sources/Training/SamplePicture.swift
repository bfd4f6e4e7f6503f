import Datasets
import Evaluation
import Files
import Reporting
import Tensors

/// A grid of samples, one row per class; with continuous conditions, one row per training image's condition.
public struct SamplePicture {
  private let images: [Float]?
  private let shape: Shape
  private let layout: SampleLayout
  private let count: Int
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
    shape = trainer.model.imageShape
    layout = trainer.dataset.layout
    self.count = count
    self.columns = columns
  }

  /// Writes the grid as PNG. Rank 0 only.
  public func write(to place: FilePlace) throws {
    guard let images else { return }
    try images.withUnsafeBufferPointer {
      try Self.write($0, count: count, shape: shape, layout: layout, columns: columns, to: place)
    }
  }

  /// Writes samples as a grid under a path.
  public static func write(
    _ samples: UnsafeBufferPointer<Float>, count: Int, shape: Shape, layout: SampleLayout, columns: Int,
    margin: Int = 2, to path: String
  ) throws {
    try write(
      samples, count: count, shape: shape, layout: layout, columns: columns, margin: margin, to: FilePlace(path))
  }

  /// Writes samples as a grid: images as they are, vectors and sequences as lines over a panel each.
  ///
  /// - Shapes: `samples` `[count, H, W, C]`.
  public static func write(
    _ samples: UnsafeBufferPointer<Float>, count: Int, shape: Shape, layout: SampleLayout, columns: Int,
    margin: Int = 2, to place: FilePlace
  ) throws {
    guard layout.kind != .images else {
      return try ImageGrid.writePNG(
        samples, shape: Shape([count] + shape.dimensions), columns: columns, margin: margin, to: place)
    }
    let panel = LinePanel(
      steps: layout.kind == .vectors ? shape[2] : shape[1], lines: layout.kind == .vectors ? 1 : shape[2])
    let drawn = (0..<count).flatMap {
      panel.drawn(UnsafeBufferPointer(rebasing: samples[$0 * shape.count..<(($0 + 1) * shape.count)]))
    }
    try drawn.withUnsafeBufferPointer {
      try ImageGrid.writePNG($0, shape: Shape([count] + panel.imageShape.dimensions), columns: columns, to: place)
    }
  }
}
