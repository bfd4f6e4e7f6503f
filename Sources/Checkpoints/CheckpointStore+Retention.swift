import Files

// Nothing here touches a file that is not known to be the run's own.

extension CheckpointStore {
  /// Removes what the policy does not keep; call it after a checkpoint has been written. Files of others count for nothing.
  func retain(_ retention: CheckpointRetention, by ledger: CheckpointLedger) throws(CheckpointError) {
    try remove(retention.removable(of: ledger.own(of: try positions())))
  }

  /// Removes the checkpoints of a continuation that was given up, and damaged ones that a resume skipped: all behind
  /// `position`. Call it when the one at `position` is in place, so that a resume finds this run's.
  func removeLater(than position: CheckpointPosition, by ledger: CheckpointLedger) throws(CheckpointError) {
    try remove(ledger.own(of: try positions().filter { $0 > position }))
  }

  /// Removes those of these positions that are there.
  func remove(_ positions: Set<CheckpointPosition>, by ledger: CheckpointLedger) throws(CheckpointError) {
    try remove(ledger.own(of: positions.sorted()))
  }

  /// Makes room for a checkpoint: a file under its name that is not the run's own gets another name.
  ///
  /// - Returns: where that lies now; nil where there was none.
  func setAside(_ position: CheckpointPosition, by ledger: CheckpointLedger) throws(CheckpointError) -> String? {
    guard case .foreign = ledger.verdict(position) else { return nil }
    do throws(FileError) { return try place(position).setAside()?.path } catch {
      throw CheckpointError(writing: error)
    }
  }

  /// Gives files another name that were read and are no checkpoints: a resume would look at them again and again. Whose they
  /// are nobody can tell, so they do not go.
  func setAsideDamaged(
    _ positions: [CheckpointPosition], by ledger: CheckpointLedger
  ) throws(CheckpointError) -> [CheckpointError] {
    var told: [CheckpointError] = []
    for position in positions {
      guard case .foreign(let error) = ledger.verdict(position), error.cause == .damaged,
        let aside = try setAside(position, by: ledger)
      else { continue }
      told.append(CheckpointError(aside: aside, from: error.file, why: error.reason))
    }
    return told
  }

  /// One that cannot go keeps none of the others: then the disk would fill.
  private func remove(_ positions: [CheckpointPosition]) throws(CheckpointError) {
    var first: FileError?
    for position in positions {
      do throws(FileError) { try Directories.remove(place(position)) } catch { first = first ?? error }
    }
    if let first { throw CheckpointError(writing: first) }
  }
}
