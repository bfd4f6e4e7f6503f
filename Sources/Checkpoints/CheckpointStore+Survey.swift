import Files

extension CheckpointStore {
  /// One checkpoint and whether it is whole.
  public struct Surveyed: Sendable {
    public let position: CheckpointPosition
    public let path: String
    /// Size of the file; nil when it cannot be opened.
    public let byteCount: Int?
    /// What is wrong with it; nil when all checksums hold and it is what its name says.
    public let problem: CheckpointError?
  }

  /// Lists and verifies all checkpoints, ascending, and compares their contents with their names.
  ///
  /// - Complexity: reads each file once.
  public func survey() throws(CheckpointError) -> [Surveyed] {
    var surveyed: [Surveyed] = []
    for position in try positions() { if let found = survey(position) { surveyed.append(found) } }
    return surveyed
  }

  /// - Returns: nil where the file has gone meanwhile.
  private func survey(_ position: CheckpointPosition) -> Surveyed? {
    let byteCount = try? InputFile(place(position)).byteCount
    var problem: CheckpointError?
    do throws(CheckpointError) { if try openWhole(position) == nil { return nil } } catch { problem = error }
    return Surveyed(position: position, path: path(position), byteCount: byteCount, problem: problem)
  }
}
