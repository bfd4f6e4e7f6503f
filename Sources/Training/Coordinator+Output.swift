import Checkpoints
import Clocks
import Files
import Reporting

// What rank 0 writes beside checkpoints. Nothing here ends a run: a full disk costs lines, not work.

extension Coordinator {
  /// Rank 0, before training: the metrics as they were when the checkpoint was taken, the checkpoints, the clock.
  func openOutput(_ resumed: SafetensorsFile?) throws {
    let recipe = trainer.recipe
    writeRecipe()
    // A run that is at its end already changes nothing else.
    guard isUnfinished else { return }
    let (store, lineage) = (output.checkpoints, trainer.lineage)
    let abandoned = Set(
      try store.positions().filter { position in
        guard position > trainer.position else { return false }
        do throws(CheckpointError) {
          // Those of others stay, and count for nothing.
          return try store.open(position).map(lineage.contains) ?? false
        } catch { return error.cause == .damaged }
      })
    keeper = try CheckpointKeeper(
      store: store, recipe: recipe, stateBytes: trainer.stateByteCount, resumed: resumed, abandoned: abandoned,
      isOwn: { lineage.contains($0) })
    timeLimit = options.timeLimit
    metricsOpening = MetricsOpening(
      place: output.place(output.metrics), keptPlace: output.place(output.cutMetrics),
      minimumSeconds: recipe.log.everySeconds,
      // Without a checkpoint the run begins anew, whatever a run that was killed before its first one has said.
      byteCount: resumed == nil ? 0 : resumed?.metadata["metricsBytes"].flatMap(Int.init), iteration: trainer.iteration)
    do throws(ReportError) { metrics = try metricsOpening?.open(now: SystemClock.monotonic.seconds) } catch {
      guard !error.isRefusal else { throw error }
      hasWarnedOfMetrics = true
      logger.warning("metrics cannot be written: \(error); training goes on, they are tried again")
    }
    if !abandoned.isEmpty {
      logger.notice(
        """
        not gone on from in \(output.path): \(abandoned.count) later \(abandoned.count == 1 ? "checkpoint" : "checkpoints")
        """)
    }
  }

  /// Tries again what a full disk has refused, now that there seems to be room; and once a checkpoint of this start is in
  /// place, what was cut off the metrics for it may go.
  func tidyOutput() {
    if owesRecipe { writeRecipe() }
    writeStart()
    guard keeper?.lastPath != nil, metricsOpening?.keepsWhatIsCut == true else { return }
    metricsOpening?.keepsWhatIsCut = false
    // What cannot be removed goes the next time.
    try? Directories.remove(output.place(output.cutMetrics))
  }

  /// The recipe beside its run; checkpoints have it, too.
  func writeRecipe() {
    do {
      try RecipeFile.write(trainer.recipe, to: output.place(output.recipe))
      if owesRecipe { logger.notice("\(output.recipe) is written now") }
      owesRecipe = false
    } catch {
      if !owesRecipe {
        progress?.clear()
        logger.warning(
          "the recipe is not written: \(error); training goes on, the next checkpoint tries again, and has it")
      }
      owesRecipe = true
    }
  }

  /// Shows and logs an iteration that is complete, when it is time to; allocates nothing.
  func report(iteration: Int) {
    guard isFirstRank else { return }
    let isLast = iteration == last
    let now = SystemClock.monotonic.seconds
    let isMetricsDue = metrics?.isDue(now: now) ?? (metricsOpening?.isDue(now: now) == true)
    guard isLast || progress?.isDue(now: now) == true || isMetricsDue else { return }
    let report = trainer.lastReport
    progress?.show(
      ProgressLine.Values(
        iteration: iteration, discriminatorLoss: Double(report.discriminatorLoss),
        generatorLoss: Double(report.generatorLoss), realAccuracy: Double(report.realAccuracy),
        fakeAccuracy: Double(report.fakeAccuracy)),
      isForced: isLast, now: now)
    appendToMetrics(kind: "training", iteration: iteration, isThrottled: !isLast, now: now) { line in
      line.field("discriminatorLoss", report.discriminatorLoss)
      line.field("generatorLoss", report.generatorLoss)
      line.field("realAccuracy", report.realAccuracy)
      line.field("fakeAccuracy", report.fakeAccuracy)
      line.field("generatorLearningRate", trainer.learningRate(of: trainer.generator, iteration: iteration - 1))
      line.field("discriminatorLearningRate", trainer.learningRate(of: trainer.discriminator, iteration: iteration - 1))
    }
  }

  /// A line of metrics.jsonl; a disk that takes none is warned of once, until it takes one again.
  func appendToMetrics(
    kind: StaticString, iteration: Int? = nil, isThrottled: Bool = false,
    now: Double = SystemClock.monotonic.seconds, fields: (LineBuffer) -> Void
  ) {
    guard isFirstRank else { return }
    do throws(ReportError) {
      if metrics == nil { metrics = try metricsOpening?.open(now: now) }
      try metrics?.append(
        iteration: iteration ?? trainer.iteration, kind: kind, isThrottled: isThrottled, now: now, fields: fields)
      if metrics != nil { hasWarnedOfMetrics = false }
    } catch {
      if !hasWarnedOfMetrics {
        progress?.clear()
        logger.warning("a line of metrics is lost: \(error); training goes on")
      }
      hasWarnedOfMetrics = true
    }
  }
}

/// How the metrics are opened: cut to where the run goes on, what is cut off kept beside them until the run has a
/// checkpoint of its own. Where that cannot be done, they stay as they are, and it is tried again.
struct MetricsOpening {
  let place: FilePlace
  let keptPlace: FilePlace
  let minimumSeconds: Double
  /// How long they were when the checkpoint was taken; nil where it does not tell.
  let byteCount: Int?
  let iteration: Int
  var keepsWhatIsCut = true
  private var lastTry = -Double.infinity

  /// What cannot be opened now is not tried in every iteration.
  private static let retrySeconds = 1.0

  init(place: FilePlace, keptPlace: FilePlace, minimumSeconds: Double, byteCount: Int?, iteration: Int) {
    (self.place, self.keptPlace, self.minimumSeconds) = (place, keptPlace, minimumSeconds)
    (self.byteCount, self.iteration) = (byteCount, iteration)
  }

  func isDue(now: Double) -> Bool { now - lastTry >= Self.retrySeconds }

  /// - Returns: nil where it was tried a moment ago.
  mutating func open(now: Double) throws(ReportError) -> MetricsLog? {
    guard isDue(now: now) else { return nil }
    lastTry = now
    let metrics = try MetricsLog(place, minimumSeconds: minimumSeconds)
    let kept = keepsWhatIsCut ? keptPlace : nil
    if let byteCount, try metrics.truncate(toByteCount: byteCount, keepingIn: kept) { return metrics }
    try metrics.truncate(toIteration: iteration, keepingIn: kept)
    return metrics
  }
}
