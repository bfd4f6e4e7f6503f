import ArgumentParser
import Checkpoints
import Clocks
import Communication
import Datasets
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
        lockstep train --recipe mnist --data idx:data/mnist --output runs/mnist
        lockstep train --recipe images --data data/photos --hours 8 --output runs/photos
      """)

  @OptionGroup var recipe: RecipeOptions

  @OptionGroup var length: LengthOptions

  @Option(
    help: ArgumentHelp("The run's directory (default: runs/ and the recipe's name).", valueName: "DIR"),
    transform: Arguments.outputPath)
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Go on from the newest checkpoint of a run directory, or from a checkpoint file. auto: from the newest one in "
        + "--output, or start anew if there is none; right for jobs that may be restarted.",
      valueName: "auto|RUN|FILE"))
  var resume: String?

  @Option(
    name: .customLong("allow-change"), parsing: .singleValue,
    help: ArgumentHelp(
      "With --resume: let this key of the recipe (or group, such as health) differ from the checkpoint's. Repeatable.",
      valueName: "key"))
  var allowedChanges: [String] = []

  @Option(
    help: ArgumentHelp(
      "Save and stop (exit 75) before this many seconds have passed. Also read from LOCKSTEP_END_TIME, "
        + "SLURM_JOB_END_TIME and PBS_WALLTIME; the earliest counts.", valueName: "SECONDS"))
  var timeLimit: Double?

  @OptionGroup var watchdog: WatchdogOptions

  @Flag(help: "Compare all parameters over the ranks after every iteration.")
  var verifyLockstep = false

  @Flag(help: "Look at every result of every operation, and stop at the first that is no finite number. Slow.")
  var checkFinite = false

  @Option(
    help: ArgumentHelp(
      "Write what every process did when, in some iterations once the run is warm, for ui.perfetto.dev; and say how much "
        + "of the time is communication.", valueName: "FILE.json"), transform: Arguments.outputPath)
  var trace: String?

  @Option(help: ArgumentHelp("How many iterations --trace covers.", valueName: "N"))
  var traceIterations = 20

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var communication: CommunicationOptions

  @Flag(help: "With --resume: measure how to sum gradients anew. The run goes on up to rounding, not bit for bit.")
  var retune = false

  func validate() throws {
    if let timeLimit, !(timeLimit > 0 && timeLimit.isFinite) {
      throw ValidationError("--time-limit \(timeLimit): must be above 0")
    }
    if retune, try communication.fixed() != nil {
      throw ValidationError("--retune measures how to sum gradients, --communication says it: give one of them")
    }
    guard (1...100_000).contains(traceIterations) else {
      throw ValidationError("--trace-iterations \(traceIterations): must be from 1 to 100,000")
    }
  }

  func run() throws {
    let times = StartTimes()
    let began = SystemClock.calendar.seconds
    // Before MPI starts its threads: they inherit what is held back.
    let signals = StopSignals()
    Session.runToCode(stallTimeoutSeconds: watchdog.seconds) { communicator, logger in
      times.mark(.mpi)
      return try train(communicator, logger, signals, times, began: began)
    }
  }

  /// - Parameter began: seconds since 1970.
  /// - Returns: the exit code.
  private func train(
    _ communicator: any Communicator, _ logger: Logger, _ signals: StopSignals, _ times: StartTimes, began: Double
  ) throws -> Failure.Code? {
    let said = communicator.notes.count
    let duration = length.duration(spreadsDecay: recipe.setsDecay)
    let start = try StartingPoint(
      resume: ResumePoint(resume), output: output, options: recipe, length: length,
      allowedChanges: allowedChanges, communicator, logger)
    for warning in start.warnings { logger.warning("\(warning)") }
    let recipe = start.recipe
    times.mark(.recipe)

    let dataset = try recipe.loadDataset(on: communicator, known: start.known, signals: signals)
    times.mark(.data)
    let crew = try Crew(threads, communicator)
    let tuning = try communication.tuning(
      recipe: recipe, dataset: dataset, resumed: start.file, retunes: retune, communicator: communicator,
      team: crew.team)
    times.mark(.tuning)
    let trainer = try Trainer(
      recipe: recipe, dataset: dataset, communicator: communicator, team: crew.team, settings: tuning.settings,
      times: times)
    if start.isResuming { try trainer.restore(from: start.file) }
    times.mark(.memory)
    let limit = try communicator.together { () -> TimeLimit? in
      guard communicator.rank == 0, duration != nil || trainer.iteration < recipe.training.iterations else {
        return nil
      }
      let limit = TimeLimit(seconds: timeLimit, stateBytes: trainer.stateByteCount, now: began)
      try limit?.check()
      return limit
    }
    let lock = try start.createOutput(communicator)
    crew.warn(logger)
    for note in communicator.notes.dropFirst(said) { logger.notice("\(note)") }
    describe(trainer, start, tuning, communicator, logger)

    var options = CoordinatorOptions()
    options.verifiesLockstep = verifyLockstep
    options.checksFinite = checkFinite
    options.timeLimit = limit
    options.duration = duration
    options.trace = trace.map { ($0, traceIterations) }
    let coordinator = try Coordinator(
      trainer, output: start.output, lock: lock, resumed: start.file, signals: signals, options: options, logger: logger
    )
    coordinator.startTimes = times
    times.mark(.output)
    let ending = try coordinator.run()
    // Until here nobody else may write into the directory.
    withExtendedLifetime(lock) {}
    switch ending {
    case .finished:
      if communicator.rank == 0 { summarize(coordinator, start.output, logger) }
      return nil
    case .stopped(let reason):
      let (name, place) = (start.output.path, coordinator.output.currentPath)
      let advice =
        place == name
        ? "saved in \(coordinator.lastCheckpoint ?? ""); go on with --resume auto --output \(name)"
        : "saved in \(place ?? "a directory that has no name any more"), which was \(name); move it back to go on with it"
      logger.notice(
        """
        stopped \(words(reason)) after iteration \(grouped(trainer.iteration))\
        \(trainer.phase == 0 ? "" : ", phase \(trainer.phase)"), \(advice)
        """)
      return ending.exitCode
    }
  }

  private func words(_ reason: StopReason) -> String {
    switch reason {
    case .timeLimit: "before the time limit"
    case .requeue: "as asked by a signal"
    case .interrupt: "as asked by Ctrl-C"
    }
  }

  private func describe(
    _ trainer: Trainer, _ start: StartingPoint, _ tuning: ReductionTuning, _ communicator: any Communicator,
    _ logger: Logger
  ) {
    let recipe = trainer.recipe
    // Only now: a run that cannot start says why, and nothing else.
    if let note = StartUp.note { logger.notice("\(note)") }
    for warning in recipe.warnings + trainer.dataset.warnings { logger.warning("\(warning)") }
    for note in trainer.dataset.notes { logger.notice("\(note)") }
    logger.info("\(trainer.dataset.name): \(trainer.dataset.summary)")
    let data = trainer.dataset.layout
    let ranks = communicator.size == 1 ? "1 process" : "\(communicator.size) processes"
    let threads = trainer.threads == 1 ? "" : " of \(trainer.threads) threads"
    logger.info(
      """
      \(recipe.name): generator \(grouped(trainer.generator.parameters.parameterCount)) and discriminator \
      \(grouped(trainer.discriminator.parameters.parameterCount)) parameters, \
      \(grouped(trainer.dataset.training.count)) \(data.kind.noun) \(data.shown(trainer.dataset.imageShape)) of \(trainer.dataset.name), \
      batch \(recipe.training.batchSize) on \(ranks)\(threads)
      """)
    if let words = tuning.words(on: communicator) { logger.info("\(words)") }
    if start.isResuming {
      logger.info("going on from iteration \(grouped(trainer.iteration)) of \(start.file?.path ?? "a checkpoint")")
      for change in start.file.map(trainer.stateChanges) ?? [] { logger.notice("\(change)") }
      if let difference = start.file.flatMap(trainer.differenceInOrder) {
        logger.notice(
          """
          sums come in another order than before (\(difference)), so this is the same run up to rounding, not bit for bit
          """)
      }
    }
    guard length.hours == nil else { return }
    if trainer.iteration >= recipe.training.iterations {
      logger.notice(
        "iteration \(grouped(trainer.iteration)) is the last already; --iterations with a larger number goes on")
    } else if let words = start.decayWords {
      logger.info("\(words)")
    }
    if let images = length.images {
      logger.info(
        """
        \(grouped(images)) \(data.kind.noun) are \(grouped(recipe.training.iterations)) iterations of \
        \(grouped(recipe.training.batchSize))
        """)
    }
  }

  /// The last words: what was made, where it is, how good it is.
  private func summarize(_ coordinator: Coordinator, _ output: RunDirectory, _ logger: Logger) {
    var lines: [String] = []
    if let scores = coordinator.lastScores {
      lines.append("evaluation  " + scores.summary(of: coordinator.trainer.dataset.layout.kind))
    }
    if let scores = coordinator.lastClassScores {
      lines.append("samples     " + scores.summary(of: coordinator.trainer.dataset))
    } else if let verdict = coordinator.lastVerdict {
      lines.append("samples     " + verdict.words)
    }
    if let picture = coordinator.lastPicture { lines.append("picture     \(picture)") }
    if let checkpoint = coordinator.lastCheckpoint { lines.append("checkpoint  \(checkpoint)") }
    if lines.isEmpty { lines.append("nothing to do in \(output.path)") }
    logger.show(lines.joined(separator: "\n") + "\n")
  }
}

extension DiscriminatorScores {
  /// `D right on training images 78 %, on test images 74 %, on fakes 81 %`
  func summary(of kind: SampleLayout.Kind) -> String {
    let percent = { (x: Double) in "\(Int((100 * x).rounded())) %" }
    return "the discriminator is right on \(percent(training.accuracy)) of training \(kind.noun), "
      + "\(percent(test.accuracy)) of test \(kind.noun), \(percent(fake.accuracy)) of fakes"
  }
}

extension ClassScores {
  /// `99 % recognised as their class, worst 96 % (seven); within a class they differ 0.78 times as much as real ones`
  func summary(of dataset: Dataset) -> String {
    let names = dataset.classNames
    let percent = { (x: Double) in "\(Int((100 * x).rounded())) %" }
    let worst = names.indices.contains(worstClass) ? names[worstClass] : String(worstClass)
    let ratio = Double(Int((100 * spread).rounded())) / 100
    return "\(percent(accuracy)) recognised as their class, worst \(percent(worstAccuracy)) (\(worst)); "
      + "within a class they differ \(ratio) times as much as real \(dataset.layout.kind.noun)"
  }
}
