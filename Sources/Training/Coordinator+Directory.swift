import Files

// What becomes of a run's directory while it is trained. It is held open, so that what is written goes into it wherever it
// is, and never into another one that has its name.

extension Coordinator {
  /// Rank 0, before it writes: says where the directory is, once when that changes, and makes one that was removed anew.
  func lookAtDirectory() {
    guard let lock else { return }
    let words = trouble(with: lock)
    defer { directoryTrouble = words }
    guard words != directoryTrouble else { return }
    progress?.clear()
    if let words { return logger.warning("\(words)") }
    logger.notice("\(output.path) is this run's directory again")
  }

  /// In words; nil where all is well.
  private func trouble(with lock: RunLock) -> String? {
    switch lock.directory.whereabouts {
    case .here: return lock.isInPlace ? nil : relock(lock)
    case .moved(let place):
      if !lock.isInPlace, let words = relock(lock) { return words }
      let there = place.map { "that is \(escaped($0)) now" } ?? "that has another name now"
      return
        "\(output.path) is not the directory any more that this run writes into: \(there), and the run goes on there"
    case .removed:
      do {
        try lock.makeDirectoryAnew()
        try output.prepare()
        try RecipeFile.write(trainer.recipe, to: output.place(output.recipe))
        try metrics?.writeAnew()
        logger.warning("\(output.path) was removed; it is made anew, and the run goes on there")
        return nil
      } catch {
        return
          "\(output.path) was removed, with all that this run has saved, and cannot be made anew: \(error); training "
          + "goes on, it is tried again with each checkpoint"
      }
    }
  }

  private func relock(_ lock: RunLock) -> String? {
    do {
      try lock.lockAgain()
      logger.warning("\(lock.path) was removed; the directory is locked again")
      return nil
    } catch {
      return "\(lock.path) was removed, and another run may write here now: \(error)"
    }
  }
}
