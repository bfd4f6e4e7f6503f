import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension CheckpointStore {
  /// Opens the checkpoint of a position, reads its header, and compares what that says with the file's name.
  ///
  /// - Returns: nil where the file has gone: another process may remove old ones at any time.
  /// - Throws: `CheckpointError.isToBeSkipped` tells whether an older one may serve.
  public func open(_ position: CheckpointPosition) throws(CheckpointError) -> SafetensorsFile? {
    let file: SafetensorsFile
    do throws(CheckpointError) { file = try SafetensorsFile(place(position)) } catch {
      // A link that leads to nothing is there.
      if error.cause == .unreadable(ENOENT), (try? place(position).hasNothing) == true { return nil }
      throw error
    }
    try file.checkIs(at: position)
    return file
  }

  /// The same, and all checksums are compared.
  ///
  /// - Complexity: reads the file once.
  public func openWhole(_ position: CheckpointPosition) throws(CheckpointError) -> SafetensorsFile? {
    guard let file = try open(position) else { return nil }
    try file.verify()
    return file
  }

  /// The newest checkpoint that is whole, and what is wrong with the newer ones.
  public struct Found {
    /// nil when there is none.
    public let position: CheckpointPosition?
    public let file: SafetensorsFile?
    public let skipped: [CheckpointError]
  }

  /// Opens the newest checkpoint whose checksums all hold and whose content is what its name says.
  ///
  /// - Parameter isOwn: whether one is of the run that the directory is of; another run's is taken only where none of its
  ///   own is whole.
  /// - Throws: where one that may be the newest cannot be read, or it cannot be told which there are: an older one must not
  ///   take its place.
  /// - Complexity: reads that file (and every damaged newer one) once.
  public func latestValid(where isOwn: (SafetensorsFile) -> Bool = { _ in true }) throws(CheckpointError) -> Found {
    // Others may remove what was listed: then there are newer ones.
    for _ in 0..<Self.mostListings {
      let (found, isStale) = try search(isOwn)
      if found.file != nil || !isStale { return found }
    }
    return try search(isOwn).found
  }

  private static let mostListings = 5

  private func search(
    _ isOwn: (SafetensorsFile) -> Bool
  ) throws(CheckpointError) -> (found: Found, isStale: Bool) {
    var skipped: [CheckpointError] = []
    var ofAnother: Found?
    var isStale = false
    for position in try positions().reversed() {
      do throws(CheckpointError) {
        guard let file = try openWhole(position) else {
          isStale = true
          continue
        }
        if isOwn(file) { return (Found(position: position, file: file, skipped: skipped), false) }
        ofAnother = ofAnother ?? Found(position: position, file: file, skipped: skipped)
        skipped.append(
          CheckpointError(
            file: file.path, reason: "is of another run than this directory, whose recipe is another",
            remedy: "move it to a directory of its own, or go on from the file itself (--resume FILE)", cause: .foreign)
        )
      } catch {
        guard error.isToBeSkipped else { throw error }
        skipped.append(error)
      }
    }
    return (ofAnother ?? Found(position: nil, file: nil, skipped: skipped), isStale)
  }
}

extension SafetensorsFile {
  /// Whether this is the checkpoint that the name of its file says.
  ///
  /// - Throws: where its metadata speak of another position, or of no training at all.
  func checkIs(at position: CheckpointPosition) throws(CheckpointError) {
    if let format = metadata["format"], format.hasPrefix("lockstep ") {
      throw CheckpointError(
        file: path, reason: "is no checkpoint but a \(clipped(format))",
        remedy: "move it out of the directory of checkpoints",
        cause: .foreign)
    }
    guard let own = CheckpointPosition(metadata: metadata), own != position else { return }
    throw CheckpointError(
      file: path, reason: "is the checkpoint of \(own), not of \(position)",
      remedy:
        "its name was changed: give it back its own, \(own.fileName), or go on from the file itself (--resume FILE)",
      cause: .foreign)
  }
}
