import ArgumentParser
import Communication
import Datasets
import Evaluation
import Files
import Logging
import Reporting
import Training

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Judges a trained model on training samples, held-out samples and fakes.",
    discussion: """
      How far samples are from real ones, measured on features of the run's classifier, beside what as many real \
      ones score: no model should do better. What each number means: the documentation of Measures.

      And of the discriminator, for each kind of samples: its mean binary cross-entropy, and how often it is right. A \
      discriminator that is right on training samples more often than on test samples knows them by heart.
      """)

  @Argument(help: ArgumentHelp("A run directory or a checkpoint file.", valueName: "RUN"))
  var path: String

  @Option(help: ArgumentHelp("Other data than the run's own, in the words of train's --data.", valueName: "KIND:PATH"))
  var data: String?

  @OptionGroup var omissions: OmissionOptions

  @Option(help: ArgumentHelp("Samples of each kind (default: as many as there are test samples).", valueName: "N"))
  var samples: Int?

  @Flag(help: "One line of JSON: iteration, samples, trainLoss, trainAccuracy, and the same for test and fake.")
  var json = false

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var watchdog: WatchdogOptions

  func validate() throws {
    if let samples, !(1...10_000_000).contains(samples) {
      throw ValidationError("--samples \(samples): must be from 1 to 10,000,000")
    }
    if let trainOnSamples, !(64...10_000_000).contains(trainOnSamples) {
      throw ValidationError("--train-on-samples \(trainOnSamples): must be from 64 to 10,000,000")
    }
    if watch, path.hasSuffix(".safetensors") {
      throw ValidationError("--watch: name a run directory, not a checkpoint")
    }
  }

  @Option(
    help: ArgumentHelp(
      "Take the classifier of this run: values of several runs can be compared where they have one.", valueName: "RUN"))
  var classifierOf: String?

  @Flag(help: "Wait for checkpoints of a run that goes on elsewhere, and judge each as it appears, until the last.")
  var watch = false

  @Option(
    help: ArgumentHelp(
      "Train a classifier on so many samples, too, and try it on real images (the classification accuracy score).",
      valueName: "N"))
  var trainOnSamples: Int?

  func run() throws {
    Session.run(stallTimeoutSeconds: watchdog.seconds) { communicator, logger in
      communicator.pulse.enter(.working, iteration: 0)
      let crew = try Crew(threads, communicator)
      crew.warn(logger)
      guard watch else {
        let model = try SavedModel(path: path, communicator: communicator, team: crew.team)
        for warning in model.warnings { logger.warning("\(warning)") }
        try judge(model, communicator, logger)
        return
      }
      let watched = CheckpointWatch(RunDirectory(path), communicator: communicator) { logger.notice("\($0)") }
      var isLast = false
      while !isLast {
        try watched.next { next in
          let model = try SavedModel(path: next, communicator: communicator, team: crew.team)
          try judge(model, communicator, logger)
          isLast = model.iteration >= model.recipe.training.iterations
        }
        if !isLast { sleep(1) }
      }
    }
  }

  /// The run that a path belongs to.
  private var directory: RunDirectory? {
    guard path.hasSuffix(".safetensors") else { return RunDirectory(path) }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count > 2, parts[parts.count - 2] == "checkpoints" else { return nil }
    return RunDirectory(parts.dropLast(2).joined(separator: "/"))
  }

  private func judge(_ model: SavedModel, _ communicator: any Communicator, _ logger: Logger) throws {
    var recipe = model.recipe
    if let data {
      recipe.data.source = try communicator.broadcast(
        text: communicator.together { communicator.rank == 0 ? try RecipeOptions.understood(data, logger) : "" })
    }
    if omissions.skipUnreadable { recipe.data.skipUnreadable = true }
    if omissions.dropNonFinite { recipe.data.dropNonFinite = true }
    // Other data say themselves what their numbers mean.
    let known = data == nil ? SampleDescription(layout: model.layout, classNames: model.classNames) : nil
    let dataset = try recipe.loadDataset(on: communicator, known: known).labelled(as: model.classNames)
    let conditions = try communicator.together {
      guard dataset.imageShape == model.model.imageShape else {
        throw Failure(
          "the model makes \(model.layout.kind.noun) \(model.layout.shown(model.model.imageShape)), the data have "
            + "\(dataset.layout.kind.noun) \(dataset.layout.shown(dataset.imageShape))", code: .data)
      }
      return (
        training: try recipe.conditions(of: dataset.training, in: dataset),
        test: try recipe.conditions(of: dataset.test, in: dataset)
      )
    }
    let count = samples ?? max(1, dataset.test.count)
    let scores = try DiscriminatorScores.measure(
      model.programs, training: (dataset.training, conditions.training), test: (dataset.test, conditions.test),
      samples: count, iteration: UInt64(model.iteration))
    let check = try ClassCheck(
      recipe, dataset: dataset, dataFingerprint: Trainer.fingerprint(of: dataset, on: communicator),
      conditions: conditions.training, programs: model.programs, samples: count, communicator: communicator,
      output: classifierOf.map(RunDirectory.init) ?? directory, keepsClassifier: false, logger: logger)
    let found = try check?.scores(iteration: model.iteration)
    let trained = try trainOnSamples.flatMap {
      try check?.classificationAccuracyScore(samples: $0, iteration: model.iteration)
    }
    guard communicator.rank == 0 else { return }
    if json {
      showJSON(scores, found, check, trained, model, count)
    } else {
      show(scores, model, count)
      if let check, let found { show(found, check, trained, model.layout.kind) }
    }
  }

  private func showJSON(
    _ scores: DiscriminatorScores, _ found: SampleScores?, _ check: ClassCheck?,
    _ trained: Double?, _ model: SavedModel, _ count: Int
  ) {
    let line = LineBuffer(capacity: 16_384)
    line.beginObject()
    line.field("iteration", model.iteration)
    line.field("samples", count)
    scores.write(to: line)
    if let found, let check {
      found.write(to: line)
      for (name, value) in (check.quality?.floor.named ?? []) + (check.testQuantities?.named ?? []) {
        line.field(named: "real/\(name)", value)
      }
      if let trained { line.field("classificationAccuracyScore", trained) }
      for (name, text) in check.names(of: found) { line.field(named: name, text: text) }
      line.field("verdict", text: check.verdict(found).words)
      line.field("protocol", text: "\(check.measurementProtocol)")
      line.field("samplingSeconds", check.seconds.sampling)
      line.field("measuringSeconds", check.seconds.measuring)
    }
    line.endObject()
    print(String(decoding: line.contents, as: UTF8.self))
  }

  private func show(_ scores: DiscriminatorScores, _ model: SavedModel, _ count: Int) {
    let noun = model.layout.kind.noun
    print("iteration \(grouped(model.iteration)), up to \(grouped(count)) \(noun) of each kind")
    print("                  loss   right")
    for (name, score) in [
      ("training \(noun)", scores.training), ("test \(noun)", scores.test), ("fakes", scores.fake),
    ] {
      print(padded(name, 16) + decimal(score.loss, 3, width: 8) + decimal(100 * score.accuracy, 1, width: 7) + " %")
    }
    for observed in scores.observations { print("\(padded(observed.name, 48)) \(decimal(observed.mean, 6))") }
  }

  private func show(
    _ found: SampleScores, _ check: ClassCheck, _ trained: Double?, _ kind: SampleLayout.Kind
  ) {
    print("")
    let real = "real \(kind.noun)"
    print("\(padded("", 40))samples\(String(repeating: " ", count: max(1, 18 - real.count)))\(real)")
    let names = Dictionary(uniqueKeysWithValues: check.names(of: found).map { ($0.name, $0.text) })
    let ofReal = (check.quality?.floor.named ?? []) + (check.testQuantities?.named ?? [])
    let floor = Dictionary(uniqueKeysWithValues: ofReal).merging(
      found.classes == nil ? [:] : ["classAccuracy": check.testAccuracy]
    ) { $1 }
    let ofSamples = (found.quality?.named ?? []) + (found.quantities?.named ?? [])
    let ofClasses = found.classes.map {
      ["classAccuracy": $0.accuracy, "worstClassAccuracy": $0.worstAccuracy, "classSpread": $0.spread]
    }
    let values = Dictionary(uniqueKeysWithValues: ofSamples).merging(ofClasses ?? [:]) { $1 }
    for measure in RunReport.measures {
      guard let value = values[measure.key] else { continue }
      let compared = floor[measure.key].map { decimal($0, 4, width: 18) } ?? ""
      let name = RunReport.name(of: measure, names, kind.worded)
      print("\(padded(name, 34))\(decimal(value, 4, width: 13))\(compared)")
    }
    if let trained {
      print("\(padded("classifier of samples, on \(real)", 34))\(decimal(trained, 4, width: 10))")
    }
    if let note = RunReport.kernelNote(values["kernelDistance"], floor["kernelDistance"]) { print("\n\(note)") }
    print("")
    print(check.verdict(found).words)
    print("Measured with \(kind.worded("\(check.measurementProtocol)")).")
  }
}
