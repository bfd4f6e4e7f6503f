import Checkpoints
import Communication
import Datasets
import Evaluation
import Files
import Logging
import Tensors

/// The classifier of a run: trained once, kept in the run directory, asked at every evaluation.
public final class ClassCheck {
  private let trainer: Trainer
  private let classifier: Classifier
  private let realDeviation: Double
  /// Of the classifier on held-out images.
  public private(set) var testAccuracy = 0.0
  /// Tells classifiers apart: scores of one are comparable with those of the same only.
  public private(set) var fingerprint = ""

  /// Finds the run's classifier, or trains one; nil where the recipe asks for none or the conditions are no classes.
  public init?(_ trainer: Trainer, output: RunDirectory, logger: Logger) throws {
    let recipe = trainer.recipe
    let dataset = trainer.dataset
    let communicator = trainer.communicator
    guard recipe.evaluation.classifierIterations > 0, trainer.conditions.kind == .classes else { return nil }
    guard Classifier.fits(dataset.imageShape) else {
      logger.notice(
        "no classifier judges the samples: it needs a height and width divisible by 4, images are \(dataset.imageShape)"
      )
      return nil
    }
    self.trainer = trainer
    classifier = try Classifier(imageShape: dataset.imageShape, classCount: dataset.classCount)
    realDeviation = ClassScores.meanDeviationWithinClasses(of: dataset.training, classes: dataset.classCount)
    let iterations = recipe.evaluation.classifierIterations
    let found = try load(output.classifier, iterations: iterations, logger)
    if !found {
      try classifier.train(
        on: dataset.training, iterations: iterations, seed: UInt64(recipe.seed), communicator: communicator)
    }
    testAccuracy = try classifier.accuracy(on: dataset.test, communicator: communicator)
    var digest = Digest()
    digest.update(UnsafeRawBufferPointer(classifier.parameters.values.values))
    fingerprint = String(digest.value, radix: 16)
    try communicator.together {
      guard communicator.rank == 0 else { return }
      if !found { try save(output.classifier, iterations: iterations) }
      logger.info(
        """
        classifier \(fingerprint) \(found ? "found" : "trained"): it recognises \(percent(testAccuracy)) of held-out images
        """)
    }
  }

  /// What it makes of the model's samples now; all ranks take part.
  public func scores() throws -> ClassScores {
    try ClassScores.measure(
      trainer.evaluation, classifier: classifier, classes: trainer.conditions.knownClasses,
      samples: trainer.recipe.evaluation.samples, realDeviation: realDeviation,
      iteration: UInt64(trainer.iteration), conditions: trainer.conditions)
  }

  /// Takes over the parameters of a classifier of the same images; false where there is none.
  private func load(_ path: String, iterations: Int, _ logger: Logger) throws -> Bool {
    let communicator = trainer.communicator
    let table = classifier.parameters
    var isFound: [Int64] = [0]
    try communicator.together {
      guard communicator.rank == 0, Directories.exists(path) else { return }
      do {
        let file = try SafetensorsFile(path: path)
        guard file.metadata["data"] == trainer.dataFingerprint, file.metadata["iterations"] == String(iterations) else {
          return
        }
        for entry in table.entries {
          try file.read(
            entry.name, shape: entry.shape, into: UnsafeMutableRawBufferPointer(table.slice(entry, of: table.values)))
        }
        isFound = [1]
      } catch {
        // Made from the training images, so it can be made again.
        logger.warning("\(path) is damaged and trained again")
      }
    }
    isFound = try communicator.broadcast(isFound, from: 0)
    guard isFound[0] == 1 else { return false }
    try communicator.broadcast(UnsafeMutableRawBufferPointer(table.values.values), from: 0)
    return true
  }

  private func save(_ path: String, iterations: Int) throws {
    let table = classifier.parameters
    try SafetensorsFile.write(
      to: path,
      tensors: table.entries.map {
        StoredTensor($0.name, $0.shape, .float32, UnsafeRawBufferPointer(table.slice($0, of: table.values)))
      },
      metadata: [
        "format": "lockstep classifier", "data": trainer.dataFingerprint, "iterations": String(iterations),
        "fingerprint": fingerprint,
      ])
  }
}

private func percent(_ share: Double) -> String {
  let tenths = Int((share * 1000).rounded())
  return "\(tenths / 10).\(tenths % 10) %"
}
