import Checkpoints
import Communication
import Files
import Reporting

extension Coordinator {
  enum Consequence { case none, rolledBack }

  /// Does what the recipe wants done about a finding; one line in metrics.jsonl and one for the reader.
  ///
  /// - Parameter position: where the run stood with what was found; nil for now.
  /// - Throws: `SharedFailure` on all ranks where the run stops.
  func actOn(_ incident: HealthIncident?, at position: CheckpointPosition? = nil) throws -> Consequence {
    guard let incident else { return .none }
    let position = position ?? trainer.position
    let place = "iteration \(position.iteration)" + (position.phase == 0 ? "" : ", phase \(position.phase)")
    let what = "\(place): \(incident.reason)"
    switch incident.action {
    case .off: return .none
    case .warn:
      note(incident, at: position)
      warn(what)
      return .none
    case .skip:
      note(incident, at: position)
      let isLasting = incident.detector == .saturation
      warn("\(what); \(isLasting ? "its updates are left out until it is not" : "the update is left out")")
      return .none
    case .stop:
      note(incident, at: position)
      throw stopping(what, "the recipe says to stop then (health.\(incident.detector.rawValue))")
    case .rollBack:
      try rollBack(incident, what, from: position)
      return .rolledBack
    }
  }

  /// Takes all ranks back to the last healthy checkpoint, slower; that is on the disk before training goes on.
  private func rollBack(_ incident: HealthIncident, _ what: String, from: CheckpointPosition) throws {
    communicator.pulse.enter(.restoring, iteration: trainer.iteration)
    let before = trainer.health
    let file = try communicator.together { () -> SafetensorsFile? in
      keeper?.settle(logger)
      return try keeper?.rollBackTarget(before: from, logger)
    }
    guard try communicator.maximum(of: file == nil ? 0 : 1) == 1 else {
      note(incident, action: .stop, at: from)
      throw stopping(
        what, "there is no healthy checkpoint to go back to yet; a lower learning rate is the usual remedy")
    }
    try trainer.restore(from: file)
    evaluatedIteration = try sharedEvaluatedIteration(of: file)
    guard trainer.health.slowDown(after: before) else {
      note(incident, action: .stop, at: from)
      throw stopping(
        what,
        "rolled back \(Int(before.state.rollBacks)) times already (health.mostRollBacks); a lower learning rate is "
          + "the usual remedy")
    }
    note(incident, at: trainer.position, from: from)
    warn(
      "\(what); back to iteration \(grouped(trainer.iteration)), learning rates × \(trainer.health.learningRateFactor)")
    try communicator.together { if let file { try keepRollBack(to: file) } }
  }

  /// Writes the checkpoint once more, with the slower rates: from here on a restart goes on from it, not from what the
  /// roll back has given up, and knows that it has been gone back to. Rank 0 only.
  private func keepRollBack(to file: SafetensorsFile) throws {
    guard let keeper else { return }
    try keeper.rolledBack(to: file, at: trainer.position)
    saveCheckpoint()
    keeper.settle(logger)
    guard keeper.lastFailure != nil else { return }
    // Each checkpoint there knows of the roll backs before it, so a restart from any finds the same again.
    logger.warning(
      "the roll back is on the disk with the next checkpoint only: a restart before it goes through the same once more")
  }

  private func note(
    _ incident: HealthIncident, action: HealthAction? = nil, at position: CheckpointPosition,
    from: CheckpointPosition? = nil
  ) {
    appendToMetrics(kind: "health", iteration: position.iteration) { line in
      line.field("phase", position.phase)
      line.field("detector", text: incident.detector.rawValue)
      line.field("action", text: (action ?? incident.action).rawValue)
      line.field("reason", text: incident.reason)
      if let from {
        line.field("fromIteration", from.iteration)
        line.field("fromPhase", from.phase)
        line.field("learningRateFactor", trainer.health.learningRateFactor)
      }
    }
  }

  private func warn(_ text: String) {
    guard isFirstRank else { return }
    progress?.clear()
    logger.warning("\(text)")
  }

  private func stopping(_ what: String, _ why: String) -> SharedFailure {
    progress?.finish()
    keeper?.settle(logger)
    let kept = isFirstRank ? newestWhole.map { "; the newest checkpoint is \($0)" } ?? "" : ""
    return SharedFailure(failure: Failure("\(what); \(why)\(kept)", code: .general), isMine: isFirstRank)
  }

  private var newestWhole: String? {
    (try? output.checkpoints.latestValid(where: trainer.lineage.contains))?.file?.path
  }
}
