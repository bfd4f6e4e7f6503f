import Datasets
import Models
import Optimization
import Tensors

extension Recipe {
  /// The networks for images of a shape under conditions of a size.
  func makeModel(imageShape: Shape, conditionSize: Int) -> any ConditionalModel {
    switch model.kind {
    case .denseAttention:
      DenseAttention(
        imageShape: imageShape, noiseSize: model.noiseSize, conditionSize: conditionSize,
        generator: model.generator, discriminator: model.discriminator)
    }
  }

  /// Adam's settings for one of the two networks.
  func optimizer(learningRate: Double, averaging: Bool) -> OptimizerSettings {
    OptimizerSettings(
      learningRate: learningRate, beta1: training.beta1, beta2: training.beta2, epsilon: training.epsilon,
      weightDecay: training.weightDecay, averageDecay: averaging ? training.averageDecay : nil)
  }

  /// The resolution that images are brought to; nil: as the data have it.
  public func resolution() throws -> Resolution? {
    switch (data.height, data.width) {
    case (nil, nil): nil
    case (let height?, let width?): Resolution(height: height, width: width)
    case (let side?, nil), (nil, let side?): Resolution(height: side, width: side)
    }
  }

  /// What the images of a part of the data are said to show.
  public func conditions(of images: ImageSet, in dataset: Dataset) throws -> Conditions {
    switch model.conditionKind {
    case .classes:
      let size = model.conditionSize ?? dataset.classCount
      guard size >= dataset.classCount else {
        throw Failure(
          "model.condition.size: \(size) classes, but the data have \(dataset.classCount); leave it out or raise it",
          code: .configuration)
      }
      return Conditions(
        classesOf: images, classCount: size, knownClasses: dataset.classCount, seed: UInt64(seed))
    case .continuous:
      let names = Measurements.names
      let size = model.conditionSize ?? names.count
      guard size <= names.count else {
        throw Failure(
          "model.condition.size: \(size) quantities, but images are measured by \(names.count): "
            + names.joined(separator: ", "), code: .configuration)
      }
      let rows = Measurements.rows(of: images, size: size, normalizedOver: dataset.training)
      return Conditions(rows: rows, size: size, seed: UInt64(seed))
    }
  }
}
