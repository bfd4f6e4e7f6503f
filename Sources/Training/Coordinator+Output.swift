import Checkpoints
import Clocks
import Files
import Reporting

// What rank 0 writes beside checkpoints. Nothing here ends a run: a full disk costs lines, not work.

extension Coordinator {
  /// Rank 0, before training: the metrics as they were when the checkpoint was taken, the checkpoints, the clock.
  func openOutput(_ resumed: SafetensorsFile?) throws {
    let recipe = trainer.recipe
    let metrics = try MetricsLog(output.place(output.metrics), minimumSeconds: recipe.log.everySeconds)
    self.metrics = metrics
    // A run that is at its end already changes nothing.
    guard isUnfinished else { return }
    let abandoned = Set(try output.checkpoints.positions().filter { $0 > trainer.position })
    keeper = try CheckpointKeeper(
      store: output.checkpoints, recipe: recipe, stateBytes: trainer.stateByteCount, resumed: resumed,
      abandoned: abandoned)
    keeper?.writer.isOwn = { [lineage = trainer.lineage] in lineage.contains($0) }
    timeLimit = options.timeLimit
    // Without a checkpoint the run begins anew, whatever a run that was killed before its first one has said.
    let length = resumed == nil ? 0 : resumed?.metadata["metricsBytes"].flatMap(Int.init)
    if try length.map(metrics.truncate(toByteCount:)) != true { try metrics.truncate(toIteration: trainer.iteration) }
    if !abandoned.isEmpty {
      logger.notice(
        """
        \(abandoned.count) later checkpoints in \(output.path) are not gone on from; the next one written replaces them
        """)
    }
  }

  /// Shows and logs an iteration that is complete, when it is time to; allocates nothing.
  func report(iteration: Int) {
    guard let metrics else { return }
    let isLast = iteration == last
    let now = SystemClock.monotonic.seconds
    guard isLast || progress?.isDue(now: now) == true || metrics.isDue(now: now) else { return }
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
    guard let metrics else { return }
    do throws(ReportError) {
      try metrics.append(
        iteration: iteration ?? trainer.iteration, kind: kind, isThrottled: isThrottled, now: now, fields: fields)
      hasWarnedOfMetrics = false
    } catch {
      if !hasWarnedOfMetrics {
        progress?.clear()
        logger.warning("a line of metrics is lost: \(error); training goes on")
      }
      hasWarnedOfMetrics = true
    }
  }
}
