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

  /// Takes all ranks back to the last healthy checkpoint, slower.
  private func rollBack(_ incident: HealthIncident, _ what: String, from: CheckpointPosition) throws {
    communicator.pulse.enter(.restoring, iteration: trainer.iteration)
    let before = trainer.health
    let file = try communicator.together { () -> SafetensorsFile? in
      guard isFirstRank else { return nil }
      keeper?.settle(logger)
      return try lastHealthy(before: from)
    }
    guard try communicator.maximum(of: file == nil ? 0 : 1) == 1 else {
      note(incident, action: .stop, at: from)
      throw stopping(
        what, "there is no healthy checkpoint to go back to yet; a lower learning rate is the usual remedy")
    }
    try trainer.restore(from: file)
    evaluatedIteration = min(evaluatedIteration, trainer.iteration)
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
  }

  /// Rank 0's newest checkpoint that is whole, healthy and not newer than now; one that has not been rolled back to yet,
  /// where there is one: what went wrong behind it may have begun before it.
  private func lastHealthy(before position: CheckpointPosition) throws -> SafetensorsFile? {
    var tried: SafetensorsFile?
    for candidate in try output.checkpoints.positions().reversed() where candidate <= position {
      guard let file = try? SafetensorsFile(path: output.checkpoints.path(candidate)), (try? file.verify()) != nil,
        file.metadata["isHealthy"] != "false"
      else { continue }
      if rollBackTargets.insert(candidate).inserted { return file }
      tried = tried ?? file
    }
    return tried
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

  private var newestWhole: String? { (try? output.checkpoints.latestValid())?.file?.path }
}
