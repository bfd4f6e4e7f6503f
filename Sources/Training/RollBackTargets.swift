import Checkpoints

/// The checkpoints that a roll back would go to, and those that earlier ones have gone to.
///
/// The newest healthy one may be far behind the newest: where a discriminator always wins for a while, and only then a
/// loss is not finite, all that retention would keep is unhealthy. So healthy ones are protected from it, each with the
/// one that was the best by then: a roll back makes it the best again.
struct RollBackTargets {
  /// What a checkpoint's metadata call those that have been gone back to.
  static let key = "rollBackTargets"

  struct Target: Equatable {
    let position: CheckpointPosition
    let best: CheckpointPosition?
  }

  /// As many as are protected: the newest, and the one before it, which a second roll back goes to. No more than the
  /// recipe keeps, and none where nothing rolls back.
  let most: Int
  /// The newest healthy ones that are there, ascending.
  private(set) var healthy: [Target] = []
  /// Those that have been gone back to: what went wrong behind them may have begun before them.
  private(set) var tried: Set<CheckpointPosition> = []

  /// - Parameter tried: as `text` of the run that is gone on with.
  init(_ recipe: Recipe, tried text: String? = nil) {
    let health = recipe.health
    let rollsBack =
      [health.nonFinite, health.gradientNorm, health.saturation].contains(.rollBack) || health.collapse == .rollBack
    most = rollsBack ? min(2, health.mostRollBacks, recipe.checkpoint.keep) : 0
    for word in text?.split(separator: " ") ?? [] {
      let numbers = word.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
      guard numbers.count <= 2, let iteration = numbers.first ?? nil, let phase = numbers.count == 2 ? numbers[1] : 0,
        iteration >= 0, phase >= 0
      else { continue }
      tried.insert(CheckpointPosition(iteration: iteration, phase: phase))
    }
  }

  /// `100 120/1`: iteration, and phase where it is none between iterations; nil where there are none.
  var text: String? {
    let words = tried.sorted().map { $0.phase == 0 ? "\($0.iteration)" : "\($0.iteration)/\($0.phase)" }
    return words.isEmpty ? nil : words.joined(separator: " ")
  }

  /// What retention must leave.
  var protected: Set<CheckpointPosition> { Set(healthy.flatMap { [$0.position] + ($0.best.map { [$0] } ?? []) }) }

  /// A healthy checkpoint is about to be in place; once it is, what is before the newest ones may go.
  mutating func add(_ position: CheckpointPosition, best: CheckpointPosition?) {
    healthy.removeAll { $0.position >= position }
    healthy = (healthy + [Target(position: position, best: best)]).suffix(most)
  }

  /// There is none at this position after all.
  mutating func remove(_ position: CheckpointPosition) { healthy.removeAll { $0.position == position } }

  /// - Parameter newestFirst: all that there are, newest first.
  mutating func replace(newestFirst targets: [Target]) { healthy = targets.prefix(most).reversed() }

  /// From here on a roll back goes to one before this, where there is one.
  mutating func insertTried(_ position: CheckpointPosition) { tried.insert(position) }
}
