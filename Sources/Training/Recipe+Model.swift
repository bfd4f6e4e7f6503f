import Datasets
import Layers
import Models
import Optimization
import Tensors

extension Recipe {
  /// The networks for images of a shape under conditions of a size.
  ///
  /// - Throws: `GraphError` with the key where the networks do not fit the images.
  func makeModel(imageShape: Shape, conditionSize: Int) throws -> any ConditionalModel {
    switch model.kind {
    case .denseAttention:
      DenseAttention(
        imageShape: imageShape, noiseSize: model.noiseSize, conditionSize: conditionSize,
        generator: model.generator, discriminator: model.discriminator)
    case .sagan:
      try SAGAN(
        imageShape: imageShape, noiseSize: model.noiseSize, conditionSize: conditionSize,
        generator: model.saganGenerator, discriminator: model.saganDiscriminator,
        initializer: model.initialization.initializer)
    }
  }

  /// Refuses penalties on slopes where batch norm makes a logit depend on other samples' images.
  func checkPenalties() throws {
    let weights = [training.r1Weight, training.r2Weight, training.gradientPenaltyWeight]
    guard model.kind == .sagan, model.saganDiscriminator.norm == .batch, weights.contains(where: { $0 > 0 }) else {
      return
    }
    throw Failure(
      "model.discriminator.norm: batch norm mixes the samples that a gradient penalty takes apart; use instance, layer "
        + "or none, or leave out r1Weight, r2Weight and gradientPenaltyWeight", code: .configuration)
  }

  /// How the learning rates go over the run.
  var learningRateSchedule: LearningRateSchedule {
    switch training.learningRateDecay {
    case .none: .constant
    case .linear: .linear(to: training.learningRateEnd, from: training.learningRateDecayStart)
    case .cosine: .cosine(to: training.learningRateEnd, from: training.learningRateDecayStart)
    }
  }

  /// Adam's settings for one of the two networks.
  func optimizer(learningRate: Double, averaging: Bool) -> OptimizerSettings {
    OptimizerSettings(
      learningRate: learningRate, beta1: training.beta1, beta2: training.beta2, epsilon: training.epsilon,
      weightDecay: training.weightDecay, averageDecay: averaging ? training.averageDecay : nil,
      powerIterations: model.powerIterations)
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

/// How the weights of a SAGAN start.
public enum WeightInitialization: String, Sendable, CaseIterable, RecipeValue {
  case orthogonal, xavier, normal
  /// As PyTorch starts layers by default.
  case fanIn

  var initializer: Initializer {
    switch self {
    case .orthogonal: .orthogonal
    case .xavier: .glorotUniform
    case .normal: .normal(deviation: 0.02)
    case .fanIn: .fanInUniform
    }
  }
}

/// How the R1 penalty is computed.
public enum GradientPenaltyForm: String, Sendable, CaseIterable, RecipeValue { case exact, finiteDifference }

/// How learning rates go down.
public enum LearningRateDecay: String, Sendable, CaseIterable, RecipeValue { case none, linear, cosine }
