import Checkpoints
import Files

/// Where a run keeps what it makes.
public struct RunDirectory: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  public var recipe: String { path + "/recipe.yaml" }
  public var metrics: String { path + "/metrics.jsonl" }
  public var samples: String { path + "/samples" }
  public var checkpoints: CheckpointStore { CheckpointStore(directory: path + "/checkpoints") }

  /// The picture of an iteration: `samples/iteration-00001500.png`.
  public func picture(iteration: Int) -> String {
    let digits = String(iteration)
    return samples + "/iteration-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".png"
  }

  /// Makes the directory and its parts; removes what a killed run left half-written.
  public func create() throws {
    do {
      try Directories.create(path)
      try Directories.create(samples)
      try checkpoints.create()
      try checkpoints.removePartialFiles()
    } catch {
      throw Failure("\(error)", code: .cannotCreate)
    }
  }
}

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
      guard Directories.exists(path) else {
        throw Failure("\(path): there is no such run or checkpoint", code: .noInput)
      }
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
