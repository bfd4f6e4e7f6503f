import Checkpoints
import Files

/// Where a run keeps what it makes.
public struct RunDirectory: Sendable {
  public let path: String
  /// Where set, the files are those of this directory, whatever lies under the path meanwhile.
  public private(set) var held: HeldDirectory?

  public init(_ path: String) { self.path = path }

  /// The same run as the directory that was locked.
  public func held(by lock: RunLock?) -> RunDirectory {
    var run = self
    run.held = lock?.directory ?? held
    return run
  }

  /// Where the run's files are now; nil where the directory has gone, or the system does not tell where to.
  public var currentPath: String? {
    switch held?.whereabouts {
    case nil, .here: path
    case .moved(let place): place
    case .removed: nil
    }
  }

  /// Where a file of the run is opened: `place(metrics)`, in the held directory where there is one.
  public func place(_ file: String) -> FilePlace {
    guard let held, file.hasPrefix(path + "/") else { return FilePlace(file) }
    return held.place(String(file.dropFirst(path.count + 1)))
  }

  public var recipe: String { path + "/recipe.yaml" }
  public var metrics: String { path + "/metrics.jsonl" }
  /// What going on has cut off the metrics, until there is a checkpoint of it.
  var cutMetrics: String { path + "/metrics.before-resume.jsonl" }
  public var classifier: String { path + "/classifier.safetensors" }
  public var samples: String { path + "/samples" }
  /// What the newest evaluation drew beside samples.
  public var pictures: String { path + "/pictures" }
  /// On which machines the run was started, a line each time.
  public var starts: String { path + "/starts.jsonl" }
  public var checkpoints: CheckpointStore { CheckpointStore(place(path + "/checkpoints")) }

  /// The picture of an iteration: `samples/iteration-00001500.png`.
  public func picture(iteration: Int) -> String {
    let digits = String(iteration)
    return samples + "/iteration-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".png"
  }

  /// Locks a run that is there already; nil where there is none.
  ///
  /// A run that was killed a moment ago may still be ending; its lock is waited for a little.
  ///
  /// - Throws: naming the holder where another run is using the directory; where it cannot be told whether there is a run.
  public func lock() throws -> RunLock? {
    guard try Self.isThere(path), try Self.isThere(checkpoints.directory) else { return nil }
    do { return try RunLock(directory: path, waitSeconds: 5) } catch {
      throw Failure("\(error)", code: .cannotCreate)
    }
  }

  /// Makes the directory and its parts, locks it, and removes what a killed run left half-written.
  ///
  /// - Parameter lock: the one that `lock()` has given.
  /// - Returns: the lock; the directory is this process' alone while it lives.
  /// - Throws: naming the holder where another run is using the directory.
  public func create(held lock: RunLock? = nil) throws -> RunLock {
    do {
      if lock == nil { try Directories.create(path) }
      let lock = try lock ?? RunLock(directory: path, waitSeconds: 5)
      try held(by: lock).prepare()
      return lock
    } catch {
      throw Failure("\(error)", code: .cannotCreate)
    }
  }

  /// Whether there is anything under a path.
  ///
  /// - Throws: where that cannot be told.
  public static func isThere(_ path: String) throws -> Bool {
    do throws(FileError) { return try Directories.isThere(path) } catch {
      throw Failure("\(error)", code: Failure.Code(reading: error.code))
    }
  }

  /// Makes its parts, and removes what a killed run left half-written.
  ///
  /// - Throws: where a link, a pipe or a device lies in the place of a file.
  func prepare() throws {
    for file in [recipe, metrics, starts, events] { try KeptFile.check(place(file)) }
    try Directories.create(place(samples))
    try checkpoints.create()
    try checkpoints.removePartialFiles()
    let files = [recipe, classifier, report].compactMap { $0.split(separator: "/").last.map(String.init) }
    try PartialFile.removeAbandoned(in: place(path + "/.")) { files.contains($0) }
    for directory in [samples, pictures] where try Directories.isThere(place(directory)) {
      try PartialFile.removeAbandoned(in: place(directory)) { $0.hasSuffix(".png") }
    }
  }
}
