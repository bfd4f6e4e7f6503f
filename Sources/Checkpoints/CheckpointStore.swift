import Files

/// The checkpoints of a run: one file per kept position in one directory, `iteration-00001500.safetensors`.
public struct CheckpointStore: Sendable {
  public let directory: String

  public init(directory: String) { self.directory = directory }

  /// Makes the directory if it is not there.
  public func create() throws(CheckpointError) {
    do throws(FileError) { try Directories.create(directory) } catch { throw CheckpointError(error) }
  }

  /// Where the checkpoint of a position lies or will lie.
  public func path(_ position: CheckpointPosition) -> String { "\(directory)/\(position.fileName)" }

  public func path(iteration: Int, phase: Int = 0) -> String {
    path(CheckpointPosition(iteration: iteration, phase: phase))
  }

  /// Positions with a checkpoint, ascending; empty when there is no directory yet.
  public func positions() throws(CheckpointError) -> [CheckpointPosition] {
    try names().compactMap(CheckpointPosition.init(fileName:)).sorted()
  }

  /// Iterations with a checkpoint between them and the next one, ascending: positions of phase 0.
  public func iterations() throws(CheckpointError) -> [Int] {
    try positions().filter { $0.phase == 0 }.map(\.iteration)
  }

  /// The highest position, whether or not its checkpoint can be read.
  public func newest() throws(CheckpointError) -> CheckpointPosition? { try positions().last }

  /// The newest checkpoint that is whole, and what is wrong with the newer ones.
  public struct Found {
    /// nil when there is none.
    public let position: CheckpointPosition?
    public let file: SafetensorsFile?
    public let skipped: [CheckpointError]
  }

  /// Opens the newest checkpoint whose checksums all hold.
  ///
  /// - Complexity: reads that file (and every damaged newer one) once.
  public func latestValid() throws(CheckpointError) -> Found {
    var skipped: [CheckpointError] = []
    for position in try positions().reversed() {
      do throws(CheckpointError) {
        let file = try SafetensorsFile(path: path(position))
        try file.verify()
        return Found(position: position, file: file, skipped: skipped)
      } catch {
        skipped.append(error)
      }
    }
    return Found(position: nil, file: nil, skipped: skipped)
  }

  /// Removes what the policy does not keep; call it after a checkpoint has been written.
  public func retain(_ retention: CheckpointRetention) throws(CheckpointError) {
    for position in retention.removable(of: try positions()) { try remove(path(position)) }
  }

  /// Removes all checkpoints but the last `count`, of whatever phase.
  public func retain(last count: Int) throws(CheckpointError) { try retain(CheckpointRetention(keepLast: count)) }

  /// Removes the checkpoints of a continuation that was given up, and damaged ones that a resume skipped: all behind
  /// `position`. Call it when the one at `position` is in place, so that a resume finds this run's.
  public func removeLater(than position: CheckpointPosition) throws(CheckpointError) {
    for later in try positions() where later > position { try remove(path(later)) }
  }

  /// Removes those of these positions that are there.
  public func remove(_ positions: Set<CheckpointPosition>) throws(CheckpointError) {
    for position in try self.positions() where positions.contains(position) { try remove(path(position)) }
  }

  /// Removes what a killed process left half-written; call it at the start, when nobody else writes here.
  public func removePartialFiles() throws(CheckpointError) {
    for name in try names()
    where name.hasPrefix(CheckpointPosition.partialPrefix) && name.hasSuffix(AtomicFile.partialSuffix) {
      try remove("\(directory)/\(name)")
    }
  }

  private func names() throws(CheckpointError) -> [String] {
    guard Directories.exists(directory) else { return [] }
    do throws(FileError) { return try Directories.names(in: directory) } catch { throw CheckpointError(error) }
  }

  private func remove(_ path: String) throws(CheckpointError) {
    do throws(FileError) { try Directories.remove(file: path) } catch { throw CheckpointError(error) }
  }
}
