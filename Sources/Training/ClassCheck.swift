import Clocks
import Communication
import Datasets
import Evaluation
import Files
import Logging
import Measures
import Tensors

/// What an evaluation finds out about samples.
public struct SampleScores: Sendable {
  /// Where samples are asked to be of a class.
  public var classes: ClassScores?
  /// Where they are asked to show quantities.
  public var quantities: QuantityScores?
  /// Nil where it cannot be measured.
  public var quality: QualityScores?
}

/// The feature network of a run: trained once, kept in the run directory, asked at every evaluation.
public final class ClassCheck {
  /// Of the classifier: the same for runs of different seeds, so that their values can be compared.
  private static let seed: UInt64 = 1

  private let recipe: Recipe
  private let dataset: Dataset
  let dataFingerprint: String
  private let conditions: Conditions
  private let programs: EvaluationPrograms
  private let communicator: any Communicator
  let classifier: Classifier
  private let samples: Int
  /// Samples that are drawn: as many of every class.
  private let sampleCount: Int
  /// Nil where there are too few images.
  public let quality: QualityCheck?
  /// Of the last scores: drawing and classifying samples, and what followed.
  public private(set) var seconds = (sampling: 0.0, measuring: 0.0)
  /// What measuring real samples took: about what an evaluation will.
  public private(set) var preparationSeconds = 0.0
  private let realDeviation: Double
  /// Of the classifier on held-out images.
  public private(set) var testAccuracy = 0.0
  /// Of the network's training.
  var iterations: Int { recipe.evaluation.classifierIterations }
  /// Of a network that reads quantities, on held-out samples.
  public private(set) var testQuantities: QuantityScores?
  /// Tells classifiers apart: scores of one are comparable with those of the same only.
  public private(set) var fingerprint = ""
  /// On rank 0, where the network is still to be kept.
  var owedPlace: FilePlace?
  /// What lies there could not be read: it stays.
  var sparesUnreadable = false
  var hasWarnedOfKeeping = false

  /// That of a training.
  convenience init?(_ trainer: Trainer, output: RunDirectory, logger: Logger) throws {
    try self.init(
      trainer.recipe, dataset: trainer.dataset, dataFingerprint: trainer.dataFingerprint,
      conditions: trainer.conditions,
      programs: trainer.evaluation, samples: trainer.recipe.evaluation.samples, communicator: trainer.communicator,
      output: output, logger: logger)
  }

  /// Finds the run's feature network, or trains one; nil where the recipe asks for none.
  ///
  /// - Parameters:
  ///   - samples: how many are to be judged.
  ///   - output: where the classifier is, or is kept; nil: it is trained for this once.
  public init?(
    _ recipe: Recipe, dataset: Dataset, dataFingerprint: String, conditions: Conditions, programs: EvaluationPrograms,
    samples: Int, communicator: any Communicator, output: RunDirectory?,
    keepsClassifier: Bool = true, logger: Logger
  ) throws {
    guard recipe.evaluation.classifierIterations > 0 else { return nil }
    (self.recipe, self.dataset, self.dataFingerprint, self.samples) = (recipe, dataset, dataFingerprint, samples)
    (self.conditions, self.programs, self.communicator) = (conditions, programs, communicator)
    let areClasses = conditions.kind == .classes
    sampleCount = areClasses ? ClassScores.balancedCount(samples, classes: conditions.knownClasses) : samples
    if sampleCount <= Classifier.featureWidth {
      logger.notice(
        """
        no Fréchet distance: evaluation.samples asks for \(sampleCount) samples, it takes at least \
        \(Classifier.featureWidth + 1)
        """)
    }
    let target = areClasses ? FeatureTarget.classes(dataset.classCount) : .quantities(conditions.size)
    classifier = try Classifier(imageShape: dataset.imageShape, target: target)
    realDeviation =
      areClasses ? ClassScores.meanDeviationWithinClasses(of: dataset.training, classes: dataset.classCount) : 0
    let iterations = recipe.evaluation.classifierIterations
    let (found, isUnreadable) = try Self.load(
      output.map { $0.place($0.classifier) }, into: classifier.parameters, data: dataFingerprint,
      iterations: iterations, communicator,
      logger)
    if !found {
      try classifier.train(
        on: dataset.training, conditions: areClasses ? nil : conditions, iterations: iterations, seed: Self.seed,
        communicator: communicator)
    }
    let start = SystemClock.monotonic.seconds
    if areClasses {
      testAccuracy = try classifier.accuracy(on: dataset.test, communicator: communicator)
    } else {
      testQuantities = try QuantityScores.measure(
        real: dataset.test, conditions: recipe.conditions(of: dataset.test, in: dataset), network: classifier,
        communicator: communicator)
    }
    var digest = Digest()
    digest.update(UnsafeRawBufferPointer(classifier.parameters.values.values))
    fingerprint = String(digest.value, radix: 16)
    let classes = max(1, conditions.knownClasses)
    quality =
      dataset.training.count > QualityCheck.fewestTraining && min(samples, dataset.test.count) >= 8
      ? try QualityCheck(
        classifier, dataset: dataset, classes: classes, samples: sampleCount, communicator: communicator) : nil
    preparationSeconds = SystemClock.monotonic.seconds - start
    try communicator.together {
      guard communicator.rank == 0 else { return }
      sparesUnreadable = isUnreadable
      if !found, keepsClassifier { owedPlace = output.map { $0.place($0.classifier) } }
      keep(logger)
      let ability =
        testQuantities.map {
          "it reads \(percent(max(0, $0.explained))) of the variance of held-out samples' quantities"
        }
        ?? "it recognises \(percent(testAccuracy)) of held-out \(dataset.layout.kind.noun)"
      logger.info(
        "\(areClasses ? "classifier" : "feature network") \(fingerprint) \(found ? "found" : "trained"): \(ability)")
    }
  }

  /// What it makes of the model's samples now, and how far their features are from real ones; all ranks take part.
  public func scores(iteration: Int) throws -> SampleScores {
    let table = quality.map { _ in
      FeatureTable(
        count: sampleCount, imageShape: dataset.imageShape, keepsValues: dataset.layout.kind != .images)
    }
    let start = SystemClock.monotonic.seconds
    var found = SampleScores()
    switch conditions.kind {
    case .classes:
      found.classes = try ClassScores.measure(
        programs, classifier: classifier, classes: conditions.knownClasses, samples: samples,
        realDeviation: realDeviation, iteration: UInt64(iteration), conditions: conditions, collected: table)
    case .continuous:
      found.quantities = try QuantityScores.measure(
        programs, network: classifier, samples: samples, iteration: UInt64(iteration), conditions: conditions,
        collected: table)
    }
    let middle = SystemClock.monotonic.seconds
    // Samples that no measure can be taken of, NaN for one, are what health looks for: they do not end a run. All ranks have
    // the same features, so all find the same.
    do { found.quality = try table.flatMap { try quality?.scores($0) } } catch is MeasureError {}
    seconds = (middle - start, SystemClock.monotonic.seconds - middle)
    return found
  }

  /// The accuracy on held-out images of a classifier that is trained on samples only: how much of what matters about real
  /// images the samples hold.
  ///
  /// - Source: Ravuri, Vinyals: Classification accuracy score for conditional generative models, 2019.
  ///
  /// - Returns: nil where the conditions are no classes, or samples no images.
  public func classificationAccuracyScore(samples: Int, iteration: Int) throws -> Double? {
    guard conditions.kind == .classes, dataset.layout.kind == .images else { return nil }
    let (classes, size) = (conditions.knownClasses, dataset.imageShape.count)
    let drawn = try Sampler(programs, communicator: communicator).images(
      count: samples, iteration: UInt64(iteration)
    ) { conditions.write(class: $0 % classes, to: $1) }
    let bytes = drawn?.map { UInt8(max(0, min(255, ($0 * 127.5 + 127.5).rounded()))) }
    let shared = try communicator.broadcast(bytes ?? [UInt8](repeating: 0, count: samples * size), from: 0)
    let set = ImageSet(
      imageShape: dataset.imageShape, pixels: shared[...], labels: (0..<samples).map { Int32($0 % classes) }[...])
    let other = try Classifier(imageShape: dataset.imageShape, classCount: dataset.classCount)
    try other.train(
      on: set, iterations: recipe.evaluation.classifierIterations, seed: Self.seed,
      communicator: communicator
    )
    return try other.accuracy(on: dataset.test, communicator: communicator)
  }

  /// What stands out, in plain words, and whether something is wrong that recognition does not show.
  public func verdict(_ scores: SampleScores) -> (words: String, isAlarming: Bool) {
    let noun = dataset.layout.kind.noun
    var words: [String] = []
    if let classes = scores.classes {
      words.append(
        "\(percent(classes.accuracy)) of samples are recognised as their class (held-out \(noun): \(percent(testAccuracy)))."
      )
    }
    if let quantities = scores.quantities, let real = testQuantities {
      words.append(
        "\(percent(max(0, quantities.explained))) of the variance of what is asked for is found in samples (in held-out "
          + "\(noun): \(percent(max(0, real.explained)))).")
    }
    guard let floor = self.quality?.floor else { return (words.joined(separator: " "), false) }
    guard let quality = scores.quality else {
      words.append("How far they are from real \(noun) cannot be measured: they are not finite.")
      return (words.joined(separator: " "), true)
    }
    let findings = quality.findings(against: floor, layout: dataset.layout)
    words += findings.isEmpty ? ["Nothing else stands out."] : findings
    return (words.joined(separator: " "), !findings.isEmpty)
  }

  /// What the worst column and the worst quantity are called, under the keys of `metrics.jsonl`.
  public func names(of scores: SampleScores) -> [(name: String, text: String)] {
    var found: [(String, String)] = []
    if let columns = scores.quality?.columns {
      found.append(("worstColumn", dataset.layout.columns.name(at: columns.worstColumn)))
    }
    if let index = scores.quantities?.worstQuantity, !dataset.layout.conditions.isEmpty {
      // Those of a class come first, where both are asked for.
      let classes = conditions.size - dataset.layout.conditions.count
      let name =
        index < classes ? "class \(dataset.classNames[index])" : dataset.layout.conditions.name(at: index - classes)
      found.append(("worstQuantity", name))
    }
    return found.map { ($0.0, clipped($0.1)) }
  }

  /// How the values are measured.
  public var measurementProtocol: MeasurementProtocol {
    MeasurementProtocol([
      (
        "features",
        "\(conditions.kind == .classes ? "classifier" : "network of quantities") \(fingerprint), "
          + "\(Classifier.featureWidth) wide"
      ),
      (
        "samples",
        "\(sampleCount), \(conditions.kind == .classes ? "balanced" : "under conditions of training samples")"
      ),
      ("real images", "\(quality?.realCount ?? 0) of the training split, a random half"),
      ("floor", "\(quality?.floorCount ?? 0) of the other half"),
      ("held-out images", "\(quality?.heldOutCount ?? 0), for copies"),
      ("weights", recipe.training.averageDecay == nil ? "live" : "averaged"),
      ("norms", "standing statistics"), ("seed", "\(recipe.seed)"),
    ])
  }
}

private func percent(_ share: Double) -> String {
  let tenths = Int((share * 1000).rounded())
  return "\(tenths / 10).\(tenths % 10) %"
}
