import Checkpoints
import Files

/// Where a run keeps what it makes.
public struct RunDirectory: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  public var recipe: String { path + "/recipe.yaml" }
  public var metrics: String { path + "/metrics.jsonl" }
  public var classifier: String { path + "/classifier.safetensors" }
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
