import Checkpoints
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

/// Runs a training from its first to its last iteration, the same on every rank; rank 0 also writes and shows.
public final class Coordinator {
  public let trainer: Trainer
  private let output: RunDirectory
  private let communicator: any Communicator
  private let logger: Logger
  private let testConditions: Conditions
  private var metrics: MetricsLog?
  private var progress: ProgressLine?
  private var classCheck: ClassCheck?
  private var hasWarnedOfAttention = false
  /// The newest results, for the closing words.
  public private(set) var lastScores: DiscriminatorScores?
  public private(set) var lastClassScores: ClassScores?
  public private(set) var lastCheckpoint: String?
  public private(set) var lastPicture: String?

  /// - Precondition: the trainer stands where the run is to go on.
  public init(_ trainer: Trainer, output: RunDirectory, logger: Logger) throws {
    self.trainer = trainer
    self.output = output
    self.logger = logger
    communicator = trainer.communicator
    testConditions = try trainer.recipe.conditions(of: trainer.dataset.test, in: trainer.dataset)
    try communicator.together {
      guard isFirstRank else { return }
      let metrics = try MetricsLog(path: output.metrics, minimumSeconds: trainer.recipe.log.everySeconds)
      self.metrics = metrics
      // A run that is at its end already changes nothing.
      guard trainer.iteration < trainer.recipe.training.iterations else { return }
      try metrics.truncate(toIteration: trainer.iteration)
      let abandoned = try output.checkpoints.iterations().count { $0 > trainer.iteration }
      if abandoned > 0 {
        logger.notice(
          "\(abandoned) later checkpoints in \(output.path) are not gone on from; the next one written replaces them")
      }
    }
  }

  /// What the launch script found out: under mpirun every output looks like a terminal. Nil where it said nothing.
  private static var isTerminal: Bool? {
    switch getenv("LOCKSTEP_TERMINAL").map({ String(cString: $0) }) {
    case "yes": true
    case "no": false
    default: nil
    }
  }

  private var isFirstRank: Bool { communicator.rank == 0 }

  /// How a run ended.
  public enum Ending: Sendable { case finished, stoppedAsAsked }

  /// Trains until the recipe's last iteration, or until a signal asks any rank to stop: then a checkpoint holds the work.
  public func run(stoppingOn signals: StopSignals? = nil) throws -> Ending {
    let recipe = trainer.recipe
    let last = recipe.training.iterations
    if trainer.iteration < last { classCheck = try ClassCheck(trainer, output: output, logger: logger) }
    if isFirstRank {
      progress = ProgressLine(
        totalIterations: last, imagesPerIteration: recipe.training.batchSize, firstIteration: trainer.iteration,
        isTerminal: Self.isTerminal)
    }
    while trainer.iteration < last {
      if signals?.arePending == true { trainer.requestStop() }
      try trainer.runIteration()
      try report()
      try checkLosses()
      let isStopping = trainer.isStopRequested && trainer.iteration < last
      if isDue(recipe.evaluation.every) || trainer.iteration == last { try evaluate() }
      if isDue(recipe.checkpoint.every) || trainer.iteration == last || isStopping { try writeCheckpoint() }
      if isStopping {
        progress?.finish()
        return .stoppedAsAsked
      }
    }
    progress?.finish()
    return .finished
  }

  /// Ends the run where a loss is no number any more, before a checkpoint could keep that. The losses are sums over all
  /// ranks, so all ranks stop here alike.
  private func checkLosses() throws {
    let report = trainer.lastReport
    guard !report.discriminatorLoss.isFinite || !report.generatorLoss.isFinite else { return }
    progress?.finish()
    let kept = lastCheckpoint.map { "the last good state is \($0)" } ?? "this process has saved nothing yet"
    throw SharedFailure(
      failure: Failure(
        """
        the losses are not finite after iteration \(trainer.iteration) (D \(report.discriminatorLoss), \
        G \(report.generatorLoss)); \(kept); a lower learning rate is the usual remedy
        """, code: .general),
      isMine: isFirstRank)
  }

  private func isDue(_ every: Int) -> Bool { every > 0 && trainer.iteration % every == 0 }

  /// Shows and logs the iteration when it is time to; allocates nothing.
  private func report() throws {
    guard let progress, let metrics else { return }
    let isLast = trainer.iteration == trainer.recipe.training.iterations
    let now = MonotonicClock.seconds
    guard isLast || progress.isDue(now: now) || metrics.isDue(now: now) else { return }
    let report = trainer.lastReport
    progress.show(
      ProgressLine.Values(
        iteration: trainer.iteration, discriminatorLoss: Double(report.discriminatorLoss),
        generatorLoss: Double(report.generatorLoss), realAccuracy: Double(report.realAccuracy),
        fakeAccuracy: Double(report.fakeAccuracy)),
      isForced: isLast, now: now)
    try metrics.append(iteration: trainer.iteration, kind: "training", isThrottled: !isLast, now: now) { line in
      line.field("discriminatorLoss", report.discriminatorLoss)
      line.field("generatorLoss", report.generatorLoss)
      line.field("realAccuracy", report.realAccuracy)
      line.field("fakeAccuracy", report.fakeAccuracy)
    }
  }

  /// Judges held-out data, and draws the picture.
  private func evaluate() throws {
    let recipe = trainer.recipe
    try trainer.refreshEvaluation()
    let scores = try DiscriminatorScores.measure(
      trainer.evaluation, training: (trainer.dataset.training, trainer.conditions),
      test: (trainer.dataset.test, testConditions), samples: recipe.evaluation.samples,
      iteration: UInt64(trainer.iteration), communicator: communicator)
    lastScores = scores
    let classScores = try classCheck?.scores()
    lastClassScores = classScores
    if isFirstRank, !hasWarnedOfAttention, !scores.idleAttention.isEmpty {
      hasWarnedOfAttention = true
      progress?.clear()
      logger.warning(
        """
        \(scores.idleAttention.joined(separator: ", ")): the weights have over 98 % of the largest entropy, so every token \
        becomes the mean of all; a score activation of none lets them choose, a gate keeps what the mean loses
        """)
    }
    let picture = try SamplePicture(trainer: trainer, columns: recipe.evaluation.gridColumns)
    try communicator.together {
      guard isFirstRank else { return }
      let path = output.picture(iteration: trainer.iteration)
      try picture.write(to: path)
      lastPicture = path
      try metrics?.append(iteration: trainer.iteration, kind: "evaluation") { line in
        scores.write(to: line)
        classScores?.write(to: line)
      }
    }
  }

  private func writeCheckpoint() throws {
    try trainer.refreshEvaluation()
    try communicator.together {
      guard isFirstRank else { return }
      let path = output.checkpoints.path(iteration: trainer.iteration)
      do { try trainer.writeCheckpoint(to: path) } catch { throw Failure("\(error)", code: .cannotCreate) }
      // Damaged ones, or those of a continuation that was given up: the newest must be this run's.
      for iteration in try output.checkpoints.iterations() where iteration > trainer.iteration {
        try Directories.remove(file: output.checkpoints.path(iteration: iteration))
      }
      try output.checkpoints.retain(last: trainer.recipe.checkpoint.keep)
      lastCheckpoint = path
    }
  }
}
