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

  @Option(
    help: ArgumentHelp(
      "Threads a process uses for large matrix products; one process per core (see cluster/run.sh) is faster.",
      valueName: "T"))
  var threads = 1

  func validate() throws {
    guard threads >= 1 else { throw ValidationError("--threads \(threads): must be at least 1") }
    if let iterations, iterations < 1 { throw ValidationError("--iterations \(iterations): must be at least 1") }
  }

  func run() throws {
    // Before MPI starts its threads: they inherit what is held back.
    let signals = StopSignals()
    Session.run(threads: threads) { communicator, logger in try train(communicator, logger, signals) }
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
    let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: communicator)
    if start.isResuming { try trainer.restore(from: start.file) }
    try start.createOutput(communicator)
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
    for warning in recipe.warnings { logger.warning("\(warning)") }
    let ranks = communicator.size == 1 ? "1 process" : "\(communicator.size) processes"
    logger.info(
      """
      \(recipe.name): generator \(grouped(trainer.generator.parameters.parameterCount)) and discriminator \
      \(grouped(trainer.discriminator.parameters.parameterCount)) parameters, \
      \(grouped(trainer.dataset.training.count)) images \(trainer.dataset.imageShape) of \(trainer.dataset.name), \
      batch \(recipe.training.batchSize) on \(ranks)
      """)
    if start.isResuming {
      logger.info("going on from iteration \(grouped(trainer.iteration)) of \(start.file?.path ?? "a checkpoint")")
      if let ranks = start.file?.metadata["ranks"], ranks != String(communicator.size) {
        logger.notice(
          "it was made on \(ranks) ranks: sums come in another order now, so this is the same run up to rounding, not bit for bit"
        )
      }
    }
    if trainer.iteration >= recipe.training.iterations {
      logger.notice(
        "iteration \(grouped(trainer.iteration)) is the last already; --iterations with a larger number goes on")
    }
  }

  /// The last words: what was made, where it is, how good it is.
  private func summarize(_ coordinator: Coordinator, _ output: RunDirectory) {
    var lines: [String] = []
    if let scores = coordinator.lastScores {
      lines.append("evaluation  " + scores.summary)
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
