import Checkpoints
import Clocks
import Communication
import Datasets
import Evaluation
import Files
import Logging
import Reporting

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a run may do beside its recipe.
public struct CoordinatorOptions: Sendable {
  /// Compare all parameters over the ranks after every iteration.
  public var verifiesLockstep = false
  /// Look at every result of every operation.
  public var checksFinite = false
  /// Where a trace of some iterations goes, and of how many.
  public var trace: (path: String, iterations: Int)?
  /// Rank 0's.
  public var timeLimit: TimeLimit?
  /// A line that says how far the run is; several runs at a time would write over each other's.
  public var showsProgress = true
  /// In place of the recipe's number of iterations: a time, which is planned for as they are measured.
  public var duration: TrainingDuration?
  public init() {}
}

/// Takes a training from where it stands to its last iteration, the same on every rank; rank 0 also writes and shows.
///
/// Whatever is decided comes from sums over all ranks (`PhaseOutcome`), so all decide alike and nobody waits alone.
public final class Coordinator {
  /// How a run ended.
  public enum Ending: Sendable, Equatable {
    case finished
    case stopped(StopReason)
  }

  public let trainer: Trainer
  public let output: RunDirectory
  let communicator: any Communicator
  let logger: Logger
  let options: CoordinatorOptions
  let testConditions: Conditions
  /// Where set, on all ranks: how long the start has taken is told after the first iteration.
  public var startTimes: StartTimes?
  let signals: StopSignals?
  /// Rank 0's, of the directory that it writes into; nil where the caller keeps others out.
  let lock: RunLock?
  /// What has been said of the directory, until it is well again.
  var directoryTrouble: String?
  /// Rank 0's.
  var timeLimit: TimeLimit?
  var keeper: CheckpointKeeper?
  var metrics: MetricsLog?
  var progress: ProgressLine?
  var classCheck: ClassCheck?
  private(set) var traceWindow: TraceWindow?
  /// Of a run that is to train for a time, and the recipe that it plans for.
  var lengthPlan: LengthPlan?
  var givenRecipe: Recipe?
  /// On rank 0, that of the checkpoint which the run goes on from.
  let savedRecipe: Recipe?
  /// What has been said about attention layers.
  var attentionWarnings: Set<String> = []
  var hasWarnedOfMetrics = false
  /// On rank 0, how the metrics are opened, where they could not be yet.
  var metricsOpening: MetricsOpening?
  /// On rank 0, of how many nodes the line of this start is still to tell.
  var startNodes: Int?
  var hasWarnedOfStart = false
  /// The recipe beside the run could not be written yet.
  var owesRecipe = false
  /// The iteration of the last evaluation.
  var evaluatedIteration: Int
  /// The newest results, for the closing words.
  public internal(set) var lastScores: DiscriminatorScores?
  public internal(set) var lastClassScores: ClassScores?
  /// In words.
  public internal(set) var lastVerdict: (words: String, isAlarming: Bool)?
  /// On rank 0, what reports and TensorBoard have been told.
  var history = RunHistory()
  /// Lines of it that TensorBoard has not been told; all of them where it is to be told anew.
  var untold: [RunHistory.Line] = []
  var tellsAnew = true
  private(set) lazy var events = EventRecorder(output)
  var toldPicture: String?
  public internal(set) var lastQuality: QualityScores?
  public internal(set) var lastPicture: String?
  public var lastCheckpoint: String? { keeper?.lastPath }

  var isFirstRank: Bool { communicator.rank == 0 }
  /// Of all iterations the last; unknown until it is planned.
  var last: Int {
    options.duration != nil && lengthPlan?.iterations == nil ? .max : trainer.recipe.training.iterations
  }

  /// - Parameters:
  ///   - lock: on rank 0, of the output directory: what is written goes into the directory that was locked, whatever becomes
  ///     of its path.
  ///   - resumed: on rank 0, the checkpoint that the trainer stands at.
  public init(
    _ trainer: Trainer, output: RunDirectory, lock: RunLock? = nil, resumed: SafetensorsFile? = nil,
    signals: StopSignals? = nil,
    options: CoordinatorOptions = CoordinatorOptions(), logger: Logger
  ) throws {
    (self.trainer, self.output, self.lock) = (trainer, output.held(by: lock), lock)
    (self.signals, self.options, self.logger) = (signals, options, logger)
    communicator = trainer.communicator
    // Whoever found the checkpoint has read it before.
    savedRecipe = resumed.flatMap(CheckpointFormat.recipe).flatMap {
      try? Recipe(yaml: $0, origin: "the checkpoint's recipe")
    }
    testConditions = try trainer.recipe.conditions(of: trainer.dataset.test, in: trainer.dataset)
    evaluatedIteration = trainer.iteration
    evaluatedIteration = try sharedEvaluatedIteration(of: resumed)
    try communicator.together { if isFirstRank { try openOutput(resumed) } }
  }

  /// Trains until the recipe's last iteration, or until any rank is asked to stop: then a checkpoint holds the work.
  public func run() throws -> Ending {
    var stop = try begin()
    startTimes?.mark(.classifier)
    while trainer.iteration < last, stop == nil {
      trainer.stopRequest = ownStopRequest
      let outcomes = try runPhase()
      stop = outcomes.stop
      var wentBack = try actOn(outcomes) == .rolledBack
      if stop != nil, let outcome = try trainer.takeSettled() {
        stop = max(stop, outcome.record.stop)
        wentBack = try wentBack || actOn(PhaseOutcomes(own: outcome)) == .rolledBack
      }
      if wentBack {
        if stop != nil { try keepCheckpoint(isStopping: true) } else { stop = try evaluateOwed() }
        continue
      }
      if trainer.phase == 0 { try planLength() }
      if trainer.phase == 0, !trainer.isUpdatePending {
        if isDue(digestEvery, at: trainer.iteration) { try trainer.verifyLockstep() }
        if isEvaluationDue(at: trainer.iteration) {
          stop = max(stop, try evaluate())
          if try checkSpread() == .rolledBack, stop == nil {
            stop = try evaluateOwed()
            continue
          }
        }
      }
      try keepCheckpoint(isStopping: stop != nil)
      if trainer.phase == 0 { try advanceTrace(isEnd: stop != nil) }
    }
    try advanceTrace(isEnd: true)
    try end()
    // Whoever starts a stopped run again can do without.
    if stop == nil { try communicator.together { try traceWindow?.checkWritten() } }
    return stop.map { isUnfinished ? .stopped($0) : .finished } ?? .finished
  }

  /// Reports what has been completed, and does what health asks for.
  private func actOn(_ outcomes: PhaseOutcomes) throws -> Consequence {
    if let earlier = outcomes.earlier, try actOn(earlier) == .rolledBack { return .rolledBack }
    return try outcomes.own.map(actOn) ?? .none
  }

  private func actOn(_ outcome: PhaseOutcome) throws -> Consequence {
    if outcome.phase == 0 {
      if let line = try startTimes?.endFirstIteration(on: communicator) { logger.info("\(line)") }
      report(iteration: outcome.iteration)
    }
    return try actOn(
      outcome.incident, at: CheckpointPosition(iteration: outcome.iteration, phase: outcome.phase))
  }

  /// Iterations are left, or the evaluation that a stop came before.
  var isUnfinished: Bool { trainer.iteration < last || isEvaluationOwed }

  private var isEvaluationOwed: Bool {
    trainer.phase == 0 && trainer.iteration > 0 && isEvaluationDue(at: trainer.iteration)
      && evaluatedIteration < trainer.iteration
  }

  /// What has to be there before the first phase; and the evaluation that a stop came before.
  private func begin() throws -> StopReason? {
    guard isUnfinished else { return nil }
    communicator.pulse.enter(.planning, iteration: trainer.iteration)
    classCheck = try ClassCheck(trainer, output: output, logger: logger)
    beginLengthPlan(preparation: classCheck?.preparationSeconds ?? 0)
    if isFirstRank { recordReference() }
    try recordStart()
    trainer.evaluation.poll = { [unowned self] in try pollForStop() }
    if isFirstRank, options.showsProgress {
      progress = ProgressLine(
        totalIterations: last == .max ? nil : last, samplesPerIteration: trainer.recipe.training.batchSize,
        noun: trainer.dataset.layout.kind.noun, firstIteration: trainer.iteration,
        writer: logger.console?.log ?? LineWriter(descriptor: STDERR_FILENO), isTerminal: Self.isTerminal)
    }
    if let trace = options.trace {
      traceWindow = try TraceWindow(path: trace.path, iterations: trace.iterations, last: last, trainer)
      keeper?.observe(traceWindow?.checkpointObserver)
    }
    return try evaluateOwed()
  }

  /// The evaluation that a stop came before, of the checkpoint that the run goes on from or has gone back to.
  private func evaluateOwed() throws -> StopReason? {
    while isEvaluationOwed {
      let stop = try evaluate()
      if try checkSpread() == .rolledBack { continue }
      try keepCheckpoint(isStopping: stop != nil)
      return stop
    }
    return nil
  }

  private func advanceTrace(isEnd: Bool) throws {
    guard let found = try traceWindow?.advance(to: trainer.iteration, isEnd: isEnd, trainer) else { return }
    progress?.clear()
    if found.isWarning { logger.warning("\(found.words)") } else { logger.info("\(found.words)") }
  }

  /// Everything is on the disk when this returns, on all ranks alike.
  private func end() throws {
    progress?.finish()
    trainer.evaluation.poll = nil
    if isFirstRank, evaluatedIteration > 0 { writeReport() }
    try communicator.together { try keeper?.finish(logger) }
    if isFirstRank { tidyOutput() }
  }

  private var digestEvery: Int { options.verifiesLockstep ? 1 : trainer.recipe.health.digestEvery }

  private func isDue(_ every: Int, at iteration: Int) -> Bool { every > 0 && iteration % every == 0 }

  private func isEvaluationDue(at iteration: Int) -> Bool {
    isDue(trainer.recipe.evaluation.every, at: iteration) || iteration == last
  }

  /// Whether the next phase may leave its update to the one after: where gradients travel between nodes, unless it ends an
  /// iteration after which all ranks look at the state.
  private var mayOverlap: Bool {
    guard communicator.spansNodes else { return false }
    guard trainer.nextNetwork == .generator else { return true }
    let next = trainer.iteration + 1
    return !isEvaluationDue(at: next) && !isDue(digestEvery, at: next)
      && !isDue(trainer.recipe.checkpoint.every, at: next)
  }

  /// What this rank wants all to stop for.
  var ownStopRequest: StopReason? {
    max(signals?.stop, timeLimit?.isDue() == true ? .timeLimit : nil)
  }

  private func runPhase() throws -> PhaseOutcomes {
    let activity: Activity = trainer.nextNetwork == .discriminator ? .discriminatorStep : .generatorStep
    communicator.pulse.enter(activity, iteration: trainer.iteration)
    let start = timeLimit == nil ? 0 : SystemClock.monotonic.seconds
    defer { timeLimit?.learn(phaseSeconds: SystemClock.monotonic.seconds - start) }
    guard options.checksFinite else { return try trainer.runPhase(overlapping: mayOverlap) }
    let iteration = trainer.iteration
    return try trainer.runPhase { program, segment in
      try program.run(segment: segment) { found in
        throw Failure(
          """
          iteration \(iteration + 1), \(found.program): \(found.operation) of \(found.layer) makes \(found.value) at \
          \(found.index) of \(found.shape); everything before it was finite
          """, code: .general)
      }
    }
  }

  /// A checkpoint where one is due. Rank 0 holds all the state, so no other rank takes part.
  private func keepCheckpoint(isStopping: Bool) throws {
    guard let keeper else { return }
    let iteration = trainer.iteration
    let isWanted =
      isStopping || iteration == last
      || trainer.phase == 0
        && (isDue(trainer.recipe.checkpoint.every, at: iteration) || keeper.isOverdue || keeper.isBest(trainer))
    if isWanted {
      lookAtDirectory()
      try trainer.settle()
      // What the update brought ends the run, or takes it back, with the next phase: not from a checkpoint of it.
      if !isStopping, let action = trainer.settled?.incident?.action, [.rollBack, .stop].contains(action) { return }
      saveCheckpoint()
      if let seconds = keeper.lastSaveSeconds { timeLimit?.learn(saveSeconds: seconds) }
    }
    keeper.report(logger)
    if isWanted { tidyOutput() }
  }

  /// Rank 0's checkpoint of now, in the background.
  func saveCheckpoint() {
    // Where none is owed, a run that goes on with another evaluation.every owes none either.
    keeper?.save(
      trainer, evaluatedIteration: isEvaluationOwed ? evaluatedIteration : trainer.iteration, metrics: metrics,
      logger: logger)
  }

  /// The iteration of the last evaluation before a checkpoint, on all ranks.
  ///
  /// - Parameter file: on rank 0.
  func sharedEvaluatedIteration(of file: SafetensorsFile?) throws -> Int {
    // Checkpoints of the first version were written behind the evaluation.
    let evaluated = file?.metadata["evaluatedIteration"].flatMap(Int64.init) ?? Int64(trainer.iteration)
    return Int(try communicator.broadcast([evaluated], from: 0)[0])
  }

  /// What the launch script found out: under mpirun every output looks like a terminal. Nil where it said nothing.
  private static var isTerminal: Bool? {
    switch getenv("LOCKSTEP_TERMINAL").map({ String(cString: $0) }) {
    case "yes": true
    case "no": false
    default: nil
    }
  }
}

extension PhaseOutcomes {
  var stop: StopReason? { max(earlier?.record.stop, own?.record.stop) }
}

/// The weightier of two reasons.
func max(_ a: StopReason?, _ b: StopReason?) -> StopReason? {
  guard let a, let b else { return a ?? b }
  return Swift.max(a, b)
}
