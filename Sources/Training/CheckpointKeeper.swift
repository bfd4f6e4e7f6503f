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
  private var waitedSeconds = 0.0
  private(set) var lastFailure: CheckpointError?
  private var best: BestCheckpoint?
  /// What is the best where the write of `best` fails.
  private var bestBefore: BestCheckpoint?
  private var isNewBest = false
  /// What a roll back may go to, and has gone to.
  var rollBacks: RollBackTargets

  /// - Parameters:
  ///   - stateBytes: how much a checkpoint holds; the memory of the copy is taken now, not in the first save.
  ///   - abandoned: later ones that the run does not go on from, damaged or not.
  ///   - isOwn: whether a checkpoint is of this run or one before it: others are neither removed nor gone back to.
  init(
    store: CheckpointStore, recipe: Recipe, stateBytes: Int, resumed: SafetensorsFile?,
    abandoned: Set<CheckpointPosition>, isOwn: @escaping (SafetensorsFile) -> Bool
  ) throws {
    self.recipe = recipe.checkpoint
    let keepEvery = recipe.checkpoint.keepEvery
    writer = CheckpointWriter(
      store: store,
      retention: CheckpointRetention(keepLast: recipe.checkpoint.keep, keepEvery: keepEvery > 0 ? keepEvery : nil))
    writer.abandoned = abandoned
    writer.isOwn = isOwn
    writer.reserve(byteCount: stateBytes)
    rollBacks = RollBackTargets(recipe, tried: resumed?.metadata[RollBackTargets.key])
    best = resumed.flatMap { BestCheckpoint(metadata: $0.metadata, metric: recipe.checkpoint.keepBest) }
    bestBefore = best
    if resumed != nil { try findTargets() }
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
    // One that was not written meanwhile is no candidate any more.
    if !isNewBest { bestBefore = best }
    best = BestCheckpoint(value: value, position: CheckpointPosition(iteration: iteration))
    isNewBest = true
  }

  /// The best is what it was when `file` was written, whatever has been found since.
  func forgetBest(since file: SafetensorsFile) {
    best = BestCheckpoint(metadata: file.metadata, metric: recipe.keepBest)
    (bestBefore, isNewBest) = (best, false)
  }

  /// Copies the state and returns; the rest happens behind the training's back.
  func save(_ trainer: Trainer, evaluatedIteration: Int, metrics: MetricsLog?, logger: Logger) {
    lastSave = SystemClock.monotonic.seconds
    isNewBest = false
    // What stays depends on how the write before has ended; it would be waited for anyway.
    writer.wait()
    waitedSeconds = SystemClock.monotonic.seconds - lastSave
    report(logger)
    if trainer.health.isHealthy { rollBacks.add(trainer.position, best: best?.position) }
    writer.retention.best = best.map { [$0.position] } ?? []
    writer.retention.protected = rollBacks.protected
    var metadata = trainer.checkpointMetadata()
    metadata["evaluatedIteration"] = String(evaluatedIteration)
    if let best { metadata.merge(best.metadata(metric: recipe.keepBest)) { $1 } }
    if let tried = rollBacks.text { metadata[RollBackTargets.key] = tried }
    if let metrics { metadata["metricsBytes"] = String(metrics.byteCount) }
    do throws(CheckpointError) {
      try writer.submit(position: trainer.position, tensors: trainer.checkpointTensors(), metadata: metadata)
    } catch {
      fail(trainer.position, error, logger)
    }
  }

  /// Says what has become of the writes that have ended meanwhile.
  func report(_ logger: Logger) {
    for outcome in writer.drain() {
      switch outcome {
      case .failed(let position, let error): fail(position, error, logger)
      case .written(let written):
        if lastFailure != nil { logger.notice("checkpoints are written again: \(written.path)") }
        lastFailure = nil
        lastPath = written.path
        lastSaveSeconds = waitedSeconds + written.waitedSeconds + written.snapshotSeconds + written.writtenSeconds
        if let leftOver = written.leftOver { logger.warning("an old checkpoint stays: \(leftOver)") }
      }
    }
  }

  private func fail(_ position: CheckpointPosition, _ error: CheckpointError, _ logger: Logger) {
    logger.warning("no checkpoint was written: \(error); training goes on, the next one is tried as usual")
    lastFailure = error
    // One that is there under this name is from before, and as good as it was.
    guard (try? writer.store.positions().contains(position)) != true else { return }
    rollBacks.remove(position)
    if best?.position == position { best = bestBefore }
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

/// The checkpoint whose evaluation was the best so far, as checkpoints tell of it.
struct BestCheckpoint: Equatable {
  /// The larger the better.
  let value: Double
  let position: CheckpointPosition

  init(value: Double, position: CheckpointPosition) { (self.value, self.position) = (value, position) }

  /// - Returns: nil where there was none, or by another metric.
  init?(metadata: [String: String], metric: Recipe.BestMetric) {
    guard let value = metadata["bestValue"].flatMap(Double.init),
      let iteration = metadata["bestIteration"].flatMap(Int.init), iteration >= 0,
      metadata["bestMetric"] == metric.rawValue
    else { return nil }
    self.init(value: value, position: CheckpointPosition(iteration: iteration))
  }

  func metadata(metric: Recipe.BestMetric) -> [String: String] {
    [
      "bestMetric": metric.rawValue, "bestValue": String(value), "bestIteration": String(position.iteration),
    ]
  }
}

extension Trainer {
  /// Where the run stands, as checkpoints name it.
  var position: CheckpointPosition { CheckpointPosition(iteration: iteration, phase: phase) }
}
