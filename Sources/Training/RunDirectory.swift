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
  /// What the newest evaluation drew beside samples.
  public var pictures: String { path + "/pictures" }
  /// On which machines the run was started, a line each time.
  public var starts: String { path + "/starts.jsonl" }
  public var checkpoints: CheckpointStore { CheckpointStore(directory: path + "/checkpoints") }

  /// The picture of an iteration: `samples/iteration-00001500.png`.
  public func picture(iteration: Int) -> String {
    let digits = String(iteration)
    return samples + "/iteration-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".png"
  }

  /// Locks a run that is there already; nil where there is none.
  ///
  /// A run that was killed a moment ago may still be ending; its lock is waited for a little.
  ///
  /// - Throws: naming the holder where another run is using the directory.
  public func lock() throws -> RunLock? {
    guard Directories.exists(checkpoints.directory) else { return nil }
    do { return try RunLock(directory: path, waitSeconds: 5) } catch {
      throw Failure("\(error)", code: .cannotCreate)
    }
  }

  /// Makes the directory and its parts, locks it, and removes what a killed run left half-written.
  ///
  /// - Parameter held: the lock, where `lock()` has given one.
  /// - Returns: the lock; the directory is this process' alone while it lives.
  /// - Throws: naming the holder where another run is using the directory.
  public func create(held: RunLock? = nil) throws -> RunLock {
    do {
      try Directories.create(path)
      let lock = try held ?? RunLock(directory: path, waitSeconds: 5)
      try Directories.create(samples)
      try checkpoints.create()
      try checkpoints.removePartialFiles()
      return lock
    } catch {
      throw Failure("\(error)", code: .cannotCreate)
    }
  }
}
