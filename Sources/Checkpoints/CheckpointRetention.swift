/// Which checkpoints stay when a new one is in place.
public struct CheckpointRetention: Sendable, Equatable {
  /// The newest ones, at least 1: what was just written stays whatever happens.
  public var keepLast: Int
  /// Those of every n-th iteration, for ever; nil for none.
  public var keepEvery: Int?
  /// The best ones by some metric; the caller names them.
  public var best: Set<CheckpointPosition>
  /// Others that must stay, as the one that a rollback would go to.
  public var protected: Set<CheckpointPosition>

  public init(
    keepLast: Int, keepEvery: Int? = nil, best: Set<CheckpointPosition> = [],
    protected: Set<CheckpointPosition> = []
  ) {
    precondition(keepLast >= 1, "keeping \(keepLast) checkpoints")
    precondition(keepEvery ?? 1 >= 1, "keeping every \(keepEvery ?? 0)th checkpoint")
    self.keepLast = keepLast
    self.keepEvery = keepEvery
    self.best = best
    self.protected = protected
  }

  /// The ones that may go.
  ///
  /// - Precondition: `positions` ascend.
  func removable(of positions: [CheckpointPosition]) -> [CheckpointPosition] {
    positions.dropLast(max(1, keepLast)).filter { position in
      let isEveryNth = position.phase == 0 && position.iteration > 0 && position.iteration % (keepEvery ?? .max) == 0
      return !isEveryNth && !best.contains(position) && !protected.contains(position)
    }
  }
}
