import Checkpoints
import Clocks
import Evaluation
import Files
import Logging
import Reporting

/// Rank 0's checkpoints: when one is overdue, which stay, and what becomes of writes that fail.
///
/// A write goes on in the background. One that fails is warned of, and the next one tries again; training does not stop
/// for it. Only where the run ends with work that is nowhere on the disk does it end as a failure.
final class CheckpointKeeper {
  let writer: CheckpointWriter
  private let recipe: Recipe.Checkpoint
  private var lastSave = SystemClock.monotonic.seconds
  /// Of the newest checkpoint that is whole and on the disk.
  private(set) var lastPath: String?
  /// Of the last write that has ended, waiting and copying included.
  private(set) var lastSaveSeconds: Double?
  private var lastFailure: CheckpointError?
  private var best: (value: Double, position: CheckpointPosition)?
  private var isNewBest = false

  /// - Parameters:
  ///   - stateBytes: how much a checkpoint holds; the memory of the copy is taken now, not in the first save.
  ///   - abandoned: later ones that the run does not go on from, damaged or not.
  init(
    store: CheckpointStore, recipe: Recipe.Checkpoint, stateBytes: Int, resumed: SafetensorsFile?,
    abandoned: Set<CheckpointPosition>
  ) {
    self.recipe = recipe
    writer = CheckpointWriter(
      store: store,
      retention: CheckpointRetention(keepLast: recipe.keep, keepEvery: recipe.keepEvery > 0 ? recipe.keepEvery : nil))
    writer.abandoned = abandoned
    writer.reserve(byteCount: stateBytes)
    if let value = resumed?.metadata["bestValue"].flatMap(Double.init),
      let iteration = resumed?.metadata["bestIteration"].flatMap(Int.init), iteration >= 0,
      resumed?.metadata["bestMetric"] == recipe.keepBest.rawValue
    {
      best = (value, CheckpointPosition(iteration: iteration))
    }
  }

  /// Tells `observer` when each write began and ended, on the thread that writes.
  func observe(_ observer: (@Sendable (_ start: UInt64, _ end: UInt64) -> Void)?) { writer.observer = observer }

  /// Whether `checkpoint.everySeconds` have passed since the last one.
  var isOverdue: Bool { recipe.everySeconds > 0 && SystemClock.monotonic.seconds - lastSave >= recipe.everySeconds }

  /// Whether the evaluation of this iteration was the best so far.
  func isBest(_ trainer: Trainer) -> Bool { isNewBest && best?.position.iteration == trainer.iteration }

  /// Takes an evaluation into account.
  func consider(_ scores: ClassScores?, _ quality: QualityScores?, iteration: Int) {
    // The larger the better.
    let measured: Double? =
      switch recipe.keepBest {
      case .none: nil
      case .recognised: scores?.accuracy
      case .spread: scores?.spread
      case .frechet: quality?.frechet.map { -$0 }
      case .kernel: quality.map { -$0.kernel.value }
      case .coverage: quality?.placement.coverage
      }
    guard let value = measured, value > best?.value ?? -.infinity else { return }
    best = (value, CheckpointPosition(iteration: iteration))
    isNewBest = true
  }

  /// Copies the state and returns; the rest happens behind the training's back.
  func save(_ trainer: Trainer, evaluatedIteration: Int, metrics: MetricsLog?, logger: Logger) {
    lastSave = SystemClock.monotonic.seconds
    isNewBest = false
    if let best { writer.retention.best = [best.position] }
    var metadata = trainer.checkpointMetadata()
    metadata["evaluatedIteration"] = String(evaluatedIteration)
    if let best {
      metadata["bestMetric"] = recipe.keepBest.rawValue
      metadata["bestValue"] = String(best.value)
      metadata["bestIteration"] = String(best.position.iteration)
    }
    if let metrics { metadata["metricsBytes"] = String(metrics.byteCount) }
    do throws(CheckpointError) {
      try writer.submit(position: trainer.position, tensors: trainer.checkpointTensors(), metadata: metadata)
    } catch {
      fail(error, logger)
    }
  }

  /// Says what has become of the writes that have ended meanwhile.
  func report(_ logger: Logger) {
    for outcome in writer.drain() {
      switch outcome {
      case .failed(_, let error): fail(error, logger)
      case .written(let written):
        if lastFailure != nil { logger.notice("checkpoints are written again: \(written.path)") }
        lastFailure = nil
        lastPath = written.path
        lastSaveSeconds = written.waitedSeconds + written.snapshotSeconds + written.writtenSeconds
        if let leftOver = written.leftOver { logger.warning("an old checkpoint stays: \(leftOver)") }
      }
    }
  }

  private func fail(_ error: CheckpointError, _ logger: Logger) {
    logger.warning("no checkpoint was written: \(error); training goes on, the next one is tried as usual")
    lastFailure = error
  }

  /// Waits for the write that is under way.
  func settle(_ logger: Logger) {
    writer.finish()
    report(logger)
  }

  /// The end of the run.
  ///
  /// - Throws: when the last write failed: work would be lost without anybody noticing.
  func finish(_ logger: Logger) throws {
    settle(logger)
    if let lastFailure {
      throw Failure("the last checkpoint could not be written: \(lastFailure)", code: .cannotCreate)
    }
  }
}

extension Trainer {
  /// Where the run stands, as checkpoints name it.
  var position: CheckpointPosition { CheckpointPosition(iteration: iteration, phase: phase) }
}
