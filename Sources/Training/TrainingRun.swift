import Checkpoints
import Clocks
import Communication
import Datasets
import Files
import Kernels
import Logging

/// A whole training in its directory, the same on every rank: with evaluations, checkpoints, health, report; it goes on from
/// the newest checkpoint where there is one.
///
/// What `lockstep train --resume auto` does, for programs that bring a model or data of their own:
///
///     Session.run { communicator, logger in
///       let run = try TrainingRun(recipe, output: RunDirectory("runs/mine"), models: source, on: communicator, logger: logger)
///       _ = try run.run()
///     }
public final class TrainingRun {
  /// What watches over a run from outside of it.
  public struct Guards: Sendable {
    /// Without progress for so long in `init` or `run`, ranks end, naming those that are missing; nil: never. What the
    /// program does outside of them takes as long as it likes.
    public var stallTimeoutSeconds: Double? = 300
    /// Whether to save and stop before the end of a batch job, where the environment tells of it: see `TimeLimit`.
    public var keepsTimeLimit = true
    public init() {}
  }

  public let trainer: Trainer
  public let coordinator: Coordinator
  /// On rank 0: while it lives, no other run writes there.
  private let lock: RunLock?
  private let watchdog: Watchdog?

  /// - Parameters:
  ///   - dataset: nil for the recipe's.
  ///   - allowedChanges: keys in which the recipe may differ from that of the checkpoint.
  ///   - spreadsDecay: whether learning rates go down over all iterations, even where those of a run that goes on have
  ///     begun to fall over fewer, and would rise.
  ///   - signals: made before MPI starts, where Ctrl-C and signals of batch systems are to leave a checkpoint.
  /// - Throws: `SharedFailure` on all ranks where recipe, model, data and directory do not fit; nothing is written then.
  public init(
    _ recipe: Recipe, output: RunDirectory, models: ModelSource = .recipe, dataset given: Dataset? = nil,
    allowedChanges: [String] = [], spreadsDecay: Bool = false, on communicator: any Communicator,
    team: ThreadTeam = ThreadTeam(),
    signals: StopSignals? = nil, options: CoordinatorOptions = CoordinatorOptions(), guards: Guards = Guards(),
    logger: Logger
  ) throws {
    let began = SystemClock.calendar.seconds
    let isFirst = communicator.rank == 0
    let isWatched = communicator.pulse.isWatched
    let watchdog = guards.stallTimeoutSeconds.flatMap {
      isWatched ? nil : Watchdog(pulse: communicator.pulse, stallTimeoutSeconds: $0)
    }
    communicator.pulse.enter(.starting, iteration: 0)
    try watchdog?.start()
    defer { Self.leave(communicator, watchdog) }
    var decayWords: String?
    // A run that is about to end may write one more checkpoint: its lock first, then what is newest.
    let held = try communicator.together { isFirst ? try output.lock() : nil }
    let (file, begun) = try communicator.together { () -> (SafetensorsFile?, Recipe) in
      guard isFirst, let file = try ResumePoint.automatic.find(in: output.held(by: held)).file else {
        return (nil, recipe)
      }
      try CheckpointFormat.check(file)
      try models.check(file.metadata["model"], in: file.path)
      guard let text = CheckpointFormat.recipe(of: file) else { return (file, recipe) }
      let saved = try Recipe(yaml: text, origin: "the checkpoint's recipe")
      try recipe.checkContinues(
        saved, allowing: allowedChanges, remedy: "go on with its own, or start in another directory"
      ) { CheckpointFit.misfit(of: recipe, in: file, models: models) }
      var begun = recipe.settled(like: saved)
      let iteration = file.metadata["iteration"].flatMap(Int.init) ?? 0
      if !spreadsDecay, options.duration == nil { begun.continueDecay(of: saved, at: iteration) }
      if iteration < begun.training.iterations { decayWords = begun.decayWords(goingOnFrom: saved, at: iteration) }
      return (file, begun)
    }
    let recipe = try Recipe(yaml: communicator.broadcast(text: begun.yaml), origin: "the recipe of rank 0")
    let isResuming = try communicator.maximum(of: file == nil ? 0 : 1) == 1
    let dataset =
      try given
      ?? recipe.loadDataset(
        on: communicator, known: CheckpointFormat.samples(of: file, on: communicator), signals: signals)
    let tuning = try ReductionTuning(
      resuming: file, recipe: recipe, dataset: dataset, models: models, communicator: communicator, team: team)
    let trainer = try Trainer(
      recipe: recipe, dataset: dataset, communicator: communicator, models: models, team: team,
      settings: tuning.settings)
    if isResuming { try trainer.restore(from: file) }
    var options = options
    if guards.keepsTimeLimit, options.timeLimit == nil, isFirst {
      options.timeLimit = TimeLimit(seconds: nil, stateBytes: trainer.stateByteCount, now: began)
    }
    lock = try communicator.together {
      guard isFirst else { return nil }
      if options.duration != nil || trainer.iteration < recipe.training.iterations { try options.timeLimit?.check() }
      return try output.create(held: held)
    }
    if let note = StartUp.note { logger.notice("\(note)") }
    for warning in trainer.recipe.warnings + dataset.warnings { logger.warning("\(warning)") }
    for note in dataset.notes { logger.notice("\(note)") }
    if let words = tuning.words(on: communicator) { logger.info("\(words)") }
    for change in file.map(trainer.stateChanges) ?? [] { logger.notice("\(change)") }
    if options.duration == nil, let decayWords { logger.info("\(decayWords)") }
    (self.trainer, self.watchdog) = (trainer, watchdog)
    coordinator = try Coordinator(
      trainer, output: output, lock: lock, resumed: file, signals: signals, options: options, logger: logger)
  }

  /// Trains to the recipe's last iteration, or until asked to stop.
  public func run() throws -> Coordinator.Ending {
    trainer.communicator.pulse.enter(.starting, iteration: trainer.iteration)
    try watchdog?.start()
    defer { Self.leave(trainer.communicator, watchdog) }
    return try coordinator.run()
  }

  /// The program goes on with work of its own.
  private static func leave(_ communicator: any Communicator, _ watchdog: Watchdog?) {
    communicator.pulse.enter(.outside, iteration: 0)
    watchdog?.stop()
  }
}

extension Coordinator.Ending {
  /// What a program's exit code says of it; nil: done.
  public var exitCode: Failure.Code? {
    switch self {
    case .finished: nil
    case .stopped(.interrupt): .interrupted
    case .stopped(.timeLimit), .stopped(.requeue): .tryAgain
    }
  }
}
