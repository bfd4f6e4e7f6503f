import Datasets
import Graphs
import Layers
import Models
import Optimization
import Tensors

extension Recipe {
  /// The networks for samples of a kind and a shape under conditions of a size.
  ///
  /// - Throws: `GraphError` with the key where the networks do not fit the images.
  func makeModel(
    imageShape: Shape, conditionSize: Int, kind: SampleLayout.Kind = .images
  ) throws -> any ConditionalModel {
    switch model.kind {
    case .denseAttention:
      DenseAttention(
        imageShape: imageShape, noiseSize: model.noiseSize, conditionSize: conditionSize,
        generator: model.generator, discriminator: model.discriminator, output: kind == .images ? .tanh : .linear)
    case .sagan:
      try kind == .images ? sagan(imageShape, conditionSize) : refuseSAGAN(kind)
    }
  }

  private func sagan(_ imageShape: Shape, _ conditionSize: Int) throws -> SAGAN {
    try SAGAN(
      imageShape: imageShape, noiseSize: model.noiseSize, conditionSize: conditionSize,
      generator: model.saganGenerator, discriminator: model.saganDiscriminator,
      initializer: model.initialization.initializer)
  }

  private func refuseSAGAN(_ kind: SampleLayout.Kind) throws -> SAGAN {
    throw GraphError(
      layer: "model.kind",
      reason: "sagan makes images, the data are \(kind); use dense-attention, as in --recipe \(kind)")
  }

  /// Refuses penalties on slopes where batch norm makes a logit depend on other samples' images.
  func checkPenalties(of model: any ConditionalModel) throws {
    let weights = [training.r1Weight, training.r2Weight, training.gradientPenaltyWeight]
    guard !model.judgesSamplesAlone, weights.contains(where: { $0 > 0 }) else { return }
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
    let kind = model.conditionKind.settled(by: dataset)
    switch kind {
    case .automatic: preconditionFailure("conditions that the data have not settled")
    case .classes:
      let size = model.conditionSize ?? dataset.classCount
      guard size >= dataset.classCount else {
        throw Failure(
          "model.condition.size: \(size) classes, but the data have \(dataset.classCount); leave it out or raise it",
          code: .configuration)
      }
      return Conditions(
        classesOf: images, classCount: size, knownClasses: dataset.classCount, seed: UInt64(seed))
    case .continuous where images.conditions != nil, .mixed:
      return try givenConditions(of: images, in: dataset, isMixed: kind == .mixed)
    case .continuous:
      guard dataset.layout.kind == .images else {
        throw Failure(
          "model.condition.kind: continuous, but the data bring no conditions; name columns in data.conditions, add an "
            + "array c, or set it to classes", code: .configuration)
      }
      let names = Measurements.names
      let size = model.conditionSize ?? names.count
      guard size <= names.count else {
        throw Failure(
          "model.condition.size: \(size) quantities, but images are measured by \(names.count): "
            + names.joined(separator: ", "), code: .configuration)
      }
      let rows = Measurements.rows(of: images, size: size, normalizedOver: dataset.training)
      return Conditions(rows: rows[...], size: size, seed: UInt64(seed))
    }
  }

  /// Conditions that the data bring: quantities, behind a one-hot class where both are asked for.
  private func givenConditions(of images: ImageSet, in dataset: Dataset, isMixed: Bool) throws -> Conditions {
    guard let rows = images.conditions else {
      throw Failure(
        "model.condition.kind: mixed, but the data bring no quantities; name columns in data.conditions, or add an array c",
        code: .configuration)
    }
    let classes = isMixed ? dataset.classCount : 0
    let size = classes + rows.width
    guard model.conditionSize == nil || model.conditionSize == size else {
      throw Failure("model.condition.size: the data have \(size); leave it out", code: .configuration)
    }
    guard classes > 0 else { return Conditions(rows: rows.values, size: size, seed: UInt64(seed)) }
    var values: [Float] = []
    values.reserveCapacity(images.count * size)
    for index in 0..<images.count {
      values += (0..<classes).map { $0 == images.label(at: index) ? 1 : 0 }
      values += rows.row(index)
    }
    return Conditions(rows: values[...], size: size, seed: UInt64(seed))
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
