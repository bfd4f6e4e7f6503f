import Files

/// The checkpoints of a run: one file per kept iteration in one directory, `iteration-00001500.safetensors`.
public struct CheckpointStore: Sendable {
  public let directory: String

  private static let prefix = "iteration-"
  private static let suffix = ".safetensors"

  public init(directory: String) { self.directory = directory }

  /// Makes the directory if it is not there.
  public func create() throws(CheckpointError) {
    do throws(FileError) { try Directories.create(directory) } catch { throw CheckpointError(error) }
  }

  /// Where the checkpoint of an iteration lies or will lie.
  public func path(iteration: Int) -> String {
    let digits = String(iteration)
    let zeros = String(repeating: "0", count: max(0, 8 - digits.count))
    return "\(directory)/\(Self.prefix)\(zeros)\(digits)\(Self.suffix)"
  }

  /// The iteration that a file name speaks of; nil for any other name.
  static func iteration(ofName name: String) -> Int? {
    guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
    let digits = name.dropFirst(prefix.count).dropLast(suffix.count)
    guard digits.utf8.count >= 8, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int(digits)
  }

  /// Iterations with a checkpoint, ascending; empty when there is no directory yet.
  public func iterations() throws(CheckpointError) -> [Int] {
    try names().compactMap(Self.iteration(ofName:)).sorted()
  }

  /// The checkpoint of the highest iteration, whether or not it can be read.
  public func newest() throws(CheckpointError) -> String? {
    try iterations().last.map(path(iteration:))
  }

  /// The newest checkpoint that is whole, and what is wrong with the newer ones.
  public struct Found {
    /// nil when there is none.
    public let iteration: Int?
    public let file: SafetensorsFile?
    public let skipped: [CheckpointError]
  }

  /// Opens the newest checkpoint whose checksums all hold.
  ///
  /// - Complexity: reads that file (and every damaged newer one) once.
  public func latestValid() throws(CheckpointError) -> Found {
    var skipped: [CheckpointError] = []
    for iteration in try iterations().reversed() {
      do throws(CheckpointError) {
        let file = try SafetensorsFile(path: path(iteration: iteration))
        try file.verify()
        return Found(iteration: iteration, file: file, skipped: skipped)
      } catch {
        skipped.append(error)
      }
    }
    return Found(iteration: nil, file: nil, skipped: skipped)
  }

  /// Removes all checkpoints but the last `count` and those in `kept`; call it after a checkpoint has been written.
  ///
  /// - Precondition: `count` ≥ 1, so the newest one stays whatever happens.
  public func retain(last count: Int, kept: Set<Int> = []) throws(CheckpointError) {
    precondition(count >= 1, "keeping \(count) checkpoints")
    for iteration in try iterations().dropLast(count) where !kept.contains(iteration) {
      try remove(path(iteration: iteration))
    }
  }

  /// Removes what a killed process left half-written; call it at the start, when nobody else writes here.
  public func removePartialFiles() throws(CheckpointError) {
    for name in try names() where name.hasPrefix(".\(Self.prefix)") && name.hasSuffix(AtomicFile.partialSuffix) {
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
