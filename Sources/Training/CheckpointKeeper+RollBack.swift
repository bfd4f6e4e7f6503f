import Checkpoints
import Logging

extension CheckpointKeeper {
  /// The newest checkpoint that is whole, healthy and not newer than `position`; one that has not been gone back to yet,
  /// where there is one: what went wrong behind it may have begun before it. Nil where there is none.
  ///
  /// What is damaged is passed over, with a line.
  /// - Throws: where one cannot be read: going further back would give up work that may be whole.
  func rollBackTarget(before position: CheckpointPosition, _ logger: Logger) throws -> SafetensorsFile? {
    var tried: SafetensorsFile?
    for candidate in try candidates(upTo: position) {
      do throws(CheckpointError) {
        guard let file = try healthy(candidate) else { continue }
        if rollBacks.tried.contains(candidate), tried != nil { continue }
        try file.verify()
        if !rollBacks.tried.contains(candidate) { return file }
        tried = file
      } catch {
        guard error.isToBeSkipped else { throw error }
        logger.warning("not rolled back to a checkpoint that is of no use: \(error)")
      }
    }
    return tried
  }

  /// The run stands at `file` again: what was written behind it goes with the next checkpoint that is in place, and is
  /// gone back to no more.
  func rolledBack(to file: SafetensorsFile, at position: CheckpointPosition) throws {
    forgetBest(since: file)
    rollBacks.insertTried(position)
    writer.abandoned.formUnion(try writer.store.positions().filter { $0 > position })
    try findTargets()
  }

  /// Looks for the newest healthy checkpoints, by their headers.
  func findTargets() throws {
    var found: [RollBackTargets.Target] = []
    for candidate in try candidates(upTo: nil) where found.count < rollBacks.most {
      // What cannot be read now may be read later, but not be counted on.
      guard let file = try? healthy(candidate) else { continue }
      let best = file.metadata["bestIteration"].flatMap(Int.init).flatMap {
        $0 >= 0 ? CheckpointPosition(iteration: $0) : nil
      }
      found.append(RollBackTargets.Target(position: candidate, best: best))
    }
    rollBacks.replace(newestFirst: found)
  }

  /// Newest first, without those of a continuation that was given up.
  private func candidates(upTo position: CheckpointPosition?) throws -> [CheckpointPosition] {
    try writer.store.positions().reversed().filter { candidate in
      position.map { candidate <= $0 } ?? true && !writer.abandoned.contains(candidate)
    }
  }

  /// Nil where the checkpoint at a position was taken while something was wrong, is another run's, or has gone.
  private func healthy(_ position: CheckpointPosition) throws(CheckpointError) -> SafetensorsFile? {
    guard let file = try writer.store.open(position), file.metadata["isHealthy"] != "false", writer.isOwn(file) else {
      return nil
    }
    return file
  }
}
