import ArgumentParser
import Checkpoints
import Communication
import Evaluation
import Files
import Kernels
import Logging
import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains a model, or goes on with one.",
    discussion: """
      Everything goes into the output directory: recipe.yaml, metrics.jsonl, samples/*.png, checkpoints/*.safetensors.

        lockstep train --iterations 300 --output runs/short
        lockstep train --resume runs/short --iterations 600
        lockstep train --data idx:data/mnist --set data.height=16 --output runs/mnist
      """)

  @OptionGroup var recipe: RecipeOptions

  @Option(
    help: ArgumentHelp("Iterations in all, those before a resume included (default: the recipe's).", valueName: "N"))
  var iterations: Int?

  @Option(help: ArgumentHelp("The run's directory (default: runs/ and the recipe's name).", valueName: "DIR"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Go on from the newest checkpoint of a run directory, or from a checkpoint file. auto: from the newest one in "
        + "--output, or start anew if there is none; right for jobs that may be restarted.",
      valueName: "auto|RUN|FILE"))
  var resume: String?

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    if let iterations, iterations < 1 { throw ValidationError("--iterations \(iterations): must be at least 1") }
  }

  func run() throws {
    // Before MPI starts its threads: they inherit what is held back.
    let signals = StopSignals()
    Session.runToCode { communicator, logger in try train(communicator, logger, signals) }
  }

  /// - Returns: the exit code.
  private func train(
    _ communicator: any Communicator, _ logger: Logger, _ signals: StopSignals
  ) throws -> Failure.Code? {
    let start = try StartingPoint(
      resume: ResumePoint(resume), output: output, options: recipe, iterations: iterations, communicator)
    for warning in start.warnings { logger.warning("\(warning)") }
    let recipe = start.recipe

    let dataset = try recipe.loadDataset(on: communicator)
    let crew = try Crew(threads, communicator)
    let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: communicator, team: crew.team)
    if start.isResuming { try trainer.restore(from: start.file) }
    try start.createOutput(communicator)
    crew.warn(logger)
    describe(trainer, start, communicator, logger)

    let coordinator = try Coordinator(trainer, output: start.output, logger: logger)
    switch try coordinator.run(stoppingOn: signals) {
    case .finished:
      if communicator.rank == 0 { summarize(coordinator, start.output) }
      return nil
    case .stoppedAsAsked:
      logger.notice(
        """
        stopped as asked after iteration \(grouped(trainer.iteration)), saved in \(coordinator.lastCheckpoint ?? ""); \
        go on with --resume auto --output \(start.output.path)
        """)
      return .tryAgain
    }
  }

  private func describe(
    _ trainer: Trainer, _ start: StartingPoint, _ communicator: any Communicator, _ logger: Logger
  ) {
    let recipe = trainer.recipe
    // Only now: a run that cannot start says why, and nothing else.
    if let note = StartUp.note { logger.notice("\(note)") }
    for warning in recipe.warnings + trainer.dataset.warnings { logger.warning("\(warning)") }
    for note in trainer.dataset.notes { logger.notice("\(note)") }
    logger.info("\(trainer.dataset.name): \(trainer.dataset.summary)")
    let ranks = communicator.size == 1 ? "1 process" : "\(communicator.size) processes"
    let threads = trainer.threads == 1 ? "" : " of \(trainer.threads) threads"
    logger.info(
      """
      \(recipe.name): generator \(grouped(trainer.generator.parameters.parameterCount)) and discriminator \
      \(grouped(trainer.discriminator.parameters.parameterCount)) parameters, \
      \(grouped(trainer.dataset.training.count)) images \(trainer.dataset.imageShape) of \(trainer.dataset.name), \
      batch \(recipe.training.batchSize) on \(ranks)\(threads)
      """)
    if start.isResuming {
      logger.info("going on from iteration \(grouped(trainer.iteration)) of \(start.file?.path ?? "a checkpoint")")
      describeOrder(start, trainer, communicator, logger)
    }
    if trainer.iteration >= recipe.training.iterations {
      logger.notice(
        "iteration \(grouped(trainer.iteration)) is the last already; --iterations with a larger number goes on")
    }
  }

  /// Sums depend on how many compute them; checkpoints of older versions knew one thread only.
  private func describeOrder(
    _ start: StartingPoint, _ trainer: Trainer, _ communicator: any Communicator, _ logger: Logger
  ) {
    guard let file = start.file, let ranks = file.metadata["ranks"] else { return }
    let threads = file.metadata["threads"] ?? "1"
    guard ranks != String(communicator.size) || threads != String(trainer.threads) else { return }
    logger.notice(
      """
      it was made on \(ranks) × \(threads) (ranks × threads): sums come in another order now, so this is the same run up \
      to rounding, not bit for bit
      """)
  }

  /// The last words: what was made, where it is, how good it is.
  private func summarize(_ coordinator: Coordinator, _ output: RunDirectory) {
    var lines: [String] = []
    if let scores = coordinator.lastScores {
      lines.append("evaluation  " + scores.summary)
    }
    if let scores = coordinator.lastClassScores {
      lines.append("samples     " + scores.summary(names: coordinator.trainer.dataset.classNames))
    }
    if let picture = coordinator.lastPicture { lines.append("picture     \(picture)") }
    if let checkpoint = coordinator.lastCheckpoint { lines.append("checkpoint  \(checkpoint)") }
    if lines.isEmpty { lines.append("nothing to do in \(output.path)") }
    print(lines.joined(separator: "\n"))
  }
}

extension DiscriminatorScores {
  /// `D right on training images 78 %, on test images 74 %, on fakes 81 %`
  var summary: String {
    let percent = { (x: Double) in "\(Int((100 * x).rounded())) %" }
    return "the discriminator is right on \(percent(training.accuracy)) of training images, "
      + "\(percent(test.accuracy)) of test images, \(percent(fake.accuracy)) of fakes"
  }
}

extension ClassScores {
  /// `99 % recognised as their class, worst 96 % (seven); within a class they differ 0.78 times as much as real ones`
  func summary(names: [String]) -> String {
    let percent = { (x: Double) in "\(Int((100 * x).rounded())) %" }
    let worst = names.indices.contains(worstClass) ? names[worstClass] : String(worstClass)
    let ratio = Double(Int((100 * spread).rounded())) / 100
    return "\(percent(accuracy)) recognised as their class, worst \(percent(worstAccuracy)) (\(worst)); "
      + "within a class they differ \(ratio) times as much as real images"
  }
}
