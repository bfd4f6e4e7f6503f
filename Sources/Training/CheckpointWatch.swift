import Checkpoints
import Communication
import Files

/// Finds checkpoints of a run that goes on elsewhere, as they appear.
public final class CheckpointWatch {
  private let run: RunDirectory
  private let communicator: any Communicator
  private let tell: (String) -> Void
  /// Rank 0's.
  private var judged: String?
  private var hasToldWaiting = false
  private var skipped: Set<String> = []

  /// - Parameter tell: shows a line to whoever waits; called on rank 0.
  public init(_ run: RunDirectory, communicator: any Communicator, tell: @escaping (String) -> Void) {
    (self.run, self.communicator, self.tell) = (run, communicator, tell)
  }

  /// Calls `body` with the newest checkpoint, where there is one that it has not been called with. All ranks take part.
  ///
  /// The run removes old checkpoints while this one may be reading: a failure of `body` with one that has gone meanwhile
  /// is none, the next call finds a newer one.
  /// - Returns: whether `body` has succeeded.
  @discardableResult
  public func next(_ body: (_ path: String) throws -> Void) throws -> Bool {
    let found = try communicator.together { communicator.rank == 0 ? try newest() : "" }
    let path = try communicator.broadcast(text: found)
    guard !path.isEmpty else { return false }
    do { try body(path) } catch let failure as SharedFailure {
      let isGone = communicator.rank == 0 && (try? Directories.isThere(path)) == false
      guard try communicator.maximum(of: isGone ? 1 : 0) == 1 else { throw failure }
      if communicator.rank == 0 { tell("\(path) was removed by its run before it could be judged") }
      return false
    }
    return true
  }

  /// Empty where there is nothing new; the first time that there is nothing at all, says so.
  private func newest() throws -> String {
    guard let path = try newestRightlyNamed() else {
      if !hasToldWaiting {
        let what = try RunDirectory.isThere(run.path) ? "it has no checkpoint yet" : "there is no such directory yet"
        tell("waiting for \(run.path): \(what) (end with Ctrl-C)")
      }
      hasToldWaiting = true
      return ""
    }
    guard path != judged else { return "" }
    judged = path
    return path
  }

  /// Files under a wrong name are passed over, each told of once.
  private func newestRightlyNamed() throws -> String? {
    let store = run.checkpoints
    for position in try store.positions().reversed() {
      do throws(CheckpointError) { if let file = try store.open(position) { return file.path } } catch {
        // Whoever judges it says what is wrong with any other.
        guard error.cause == .foreign else { return store.path(position) }
        if skipped.insert(error.file).inserted { tell("skipped a checkpoint: \(error)") }
      }
    }
    return nil
  }
}
