import Files

/// The checkpoints of a run: one file per kept position in one directory, `iteration-00001500.safetensors`.
public struct CheckpointStore: Sendable {
  /// Of the directory.
  public let place: FilePlace

  public var directory: String { place.path }

  public init(directory: String) { self.init(FilePlace(directory)) }

  public init(_ place: FilePlace) { self.place = place }

  /// Makes the directory if it is not there.
  public func create() throws(CheckpointError) {
    do throws(FileError) { try Directories.create(place) } catch { throw CheckpointError(writing: error) }
  }

  /// Where the checkpoint of a position lies or will lie, for messages.
  public func path(_ position: CheckpointPosition) -> String { "\(directory)/\(position.fileName)" }

  public func path(iteration: Int, phase: Int = 0) -> String {
    path(CheckpointPosition(iteration: iteration, phase: phase))
  }

  /// Where it is opened and written.
  func place(_ position: CheckpointPosition) -> FilePlace { place.appending(position.fileName) }

  /// Positions that file names speak of, ascending; empty when there is no directory yet.
  ///
  /// - Throws: where it cannot be told which there are.
  public func positions() throws(CheckpointError) -> [CheckpointPosition] {
    try names().compactMap(CheckpointPosition.init(fileName:)).sorted()
  }

  /// Iterations with a checkpoint between them and the next one, ascending: positions of phase 0.
  public func iterations() throws(CheckpointError) -> [Int] {
    try positions().filter { $0.phase == 0 }.map(\.iteration)
  }

  /// The highest position, whether or not its checkpoint can be read.
  public func newest() throws(CheckpointError) -> CheckpointPosition? { try positions().last }

  /// Removes what a killed process left half-written; call it at the start, when nobody else writes here.
  public func removePartialFiles() throws(CheckpointError) {
    do throws(FileError) {
      try PartialFile.removeAbandoned(in: place) { CheckpointPosition(fileName: $0) != nil }
    } catch { throw CheckpointError(writing: error) }
  }

  private func names() throws(CheckpointError) -> [String] {
    do throws(FileError) {
      return try Directories.isThere(place) ? try Directories.names(in: place) : []
    } catch { throw CheckpointError(error) }
  }
}
