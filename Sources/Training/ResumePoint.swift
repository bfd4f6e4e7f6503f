import Checkpoints
import Files

/// Where a run goes on.
public enum ResumePoint: Sendable, Equatable {
  /// From the recipe's seed.
  case nowhere
  /// From the newest whole checkpoint in the output directory, or from the seed if it has no checkpoint.
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
      return try output.newestCheckpoint()
    case .path(let path):
      guard try RunDirectory.isThere(path) else { throw RunDirectory.missing(path) }
      if path.hasSuffix(".safetensors") { return (try SafetensorsFile(path: path), []) }
      // The run that is gone on with in its own directory, which is locked by then.
      let run = output.path == path ? output : RunDirectory(path)
      let found = try run.newestCheckpoint()
      guard found.file != nil else { throw Failure("\(path): this run has no whole checkpoint", code: .noInput) }
      return found
    }
  }
}
