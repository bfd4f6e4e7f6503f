import Checkpoints
import Files

/// Where a run goes on.
public enum ResumePoint: Sendable, Equatable {
  /// From the recipe's seed.
  case nowhere
  /// From the newest whole checkpoint in the output directory, or from the seed if there is none.
  case automatic
  /// From a run directory's newest whole checkpoint, or from a checkpoint file.
  case path(String)

  public init(_ text: String?) {
    switch text {
    case nil: self = .nowhere
    case "auto": self = .automatic
    case let path?: self = .path(path)
    }
  }

  /// The checkpoint to go on from; rank 0 asks.
  ///
  /// - Returns: the file and what was skipped on the way to it.
  public func find(in output: RunDirectory) throws -> (file: SafetensorsFile?, warnings: [String]) {
    switch self {
    case .nowhere: return (nil, [])
    case .automatic:
      let found = try output.checkpoints.latestValid()
      return (found.file, found.skipped.map { "skipped a checkpoint: \($0)" })
    case .path(let path):
      guard Directories.exists(path) else { throw RunDirectory.missing(path) }
      if path.hasSuffix(".safetensors") { return (try SafetensorsFile(path: path), []) }
      let found = try RunDirectory(path).checkpoints.latestValid()
      guard let file = found.file else {
        let damage = found.skipped.first.map { "; the newest: \($0)" } ?? ""
        throw Failure("\(path): this run has no whole checkpoint\(damage)", code: .noInput)
      }
      return (file, found.skipped.map { "skipped a checkpoint: \($0)" })
    }
  }
}
