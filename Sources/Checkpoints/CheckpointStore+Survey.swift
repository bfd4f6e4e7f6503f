import Files

extension CheckpointStore {
  /// One checkpoint and whether it is whole.
  public struct Surveyed: Sendable {
    public let position: CheckpointPosition
    public let path: String
    /// Size of the file; nil when it cannot be opened.
    public let byteCount: Int?
    /// What is wrong with it; nil when all checksums hold.
    public let problem: CheckpointError?
  }

  /// Lists and verifies all checkpoints, ascending.
  ///
  /// - Complexity: reads each file once.
  public func survey() throws(CheckpointError) -> [Surveyed] {
    var surveyed: [Surveyed] = []
    for position in try positions() { surveyed.append(survey(position)) }
    return surveyed
  }

  private func survey(_ position: CheckpointPosition) -> Surveyed {
    let path = path(position)
    var byteCount: Int?
    var problem: CheckpointError?
    do throws(CheckpointError) {
      do throws(FileError) { byteCount = try InputFile(path: path).byteCount } catch { throw CheckpointError(error) }
      try SafetensorsFile(path: path).verify()
    } catch {
      problem = error
    }
    return Surveyed(position: position, path: path, byteCount: byteCount, problem: problem)
  }
}
