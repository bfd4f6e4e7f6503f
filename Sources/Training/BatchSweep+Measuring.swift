import Clocks
import Communication
import Datasets
import Forecasting
import Kernels
import Programs

extension BatchSweep {
  /// Every size is visited so often, the others in between; then those that are in doubt, up to so often more.
  private static let visits = (always: 3, more: 3)

  /// Trains with each size several times, on the way up and on the way down, `secondsPerSize` in all; longer where two
  /// visits of a size do not agree, or sizes do not with each other.
  ///
  /// - Parameter availableBytes: what this node's ranks can still take; sizes that need more are left out. nil: unknown.
  /// - Throws: `Failure` where a size does not fit the ranks, or none fits into memory.
  public init(
    measuring recipe: Recipe, sizes: [Int], dataset: Dataset, communicator: any Communicator, team: ThreadTeam,
    settings: ReductionSettings, secondsPerSize: Double = 4, availableBytes: Int?
  ) throws {
    let sizes = Array(Set(sizes)).sorted()
    let needs = try communicator.together {
      try sizes.map { size in
        try IterationCosts(
          recipe: recipe.with(batchSize: size), dataset: dataset, rankCount: communicator.size, threads: team.count,
          settings: settings
        ).rank.memoryBytes
      }
    }
    // What the narrowest node leaves.
    let most = Int(-(try communicator.maximum(of: Int64(-(availableBytes.map { $0 / communicator.nodeSize } ?? .max)))))
    let omissions = zip(sizes, needs).filter { $0.1 > most }.map {
      Omission(
        batch: $0.0, neededBytes: $0.1 * communicator.nodeSize, availableBytes: most * communicator.nodeSize)
    }
    let measured = zip(sizes, needs).filter { $0.1 <= most }
    try communicator.together {
      guard measured.isEmpty else { return }
      throw Failure(
        "--batch-sizes: the smallest needs \(Quantity.bytes(Double(needs[0]))) a rank, "
          + "\(Quantity.bytes(Double(most))) are free; name smaller ones", code: .configuration)
    }
    var visits = measured.map { _ in [Double]() }
    var shares: [Double] = []
    let visit = { (index: Int) in
      let outcome = try Self.visit(
        recipe.with(batchSize: measured[index].0), dataset, communicator, team, settings,
        seconds: secondsPerSize / Double(Self.visits.always))
      visits[index].append(outcome.seconds * 1e3)
      shares.append(outcome.coreShare)
    }
    for round in 0..<Self.visits.always {
      for index in round % 2 == 0 ? Array(measured.indices) : measured.indices.reversed() { try visit(index) }
    }
    // Times are those of the slowest rank, the same on all: all choose alike.
    for _ in 0..<Self.visits.more {
      let points = zip(measured, visits).map { Point(batch: $0.0, visits: $1, memoryBytes: $0.1) }
      for index in Self.doubtful(points) { try visit(index) }
    }
    self.init(
      points: zip(measured, visits).map { Point(batch: $0.0, visits: $1, memoryBytes: $0.1) }, omissions: omissions,
      recipe: recipe.name, recipeBatch: recipe.training.batchSize, ranks: communicator.size, threads: team.count,
      coreShare: shares.sorted()[shares.count / 2])
  }

  /// Indices of sizes to be looked at again: visits that do not agree; iterations that are slower than those of a larger
  /// batch; images that come a third more slowly than those of the next smaller batch.
  static func doubtful(_ points: [Point]) -> [Int] {
    points.indices.filter { index in
      let point = points[index]
      if !point.isSteady { return true }
      if index + 1 < points.count, points[index + 1].milliseconds < 0.95 * point.milliseconds { return true }
      return index > 0 && point.imagesPerSecond < 0.67 * points[index - 1].imagesPerSecond
    }
  }

  /// One trainer's iteration: the median of five rounds, that of the slowest rank, and how much of its core the least
  /// lucky rank had.
  private static func visit(
    _ recipe: Recipe, _ dataset: Dataset, _ ranks: any Communicator, _ team: ThreadTeam, _ settings: ReductionSettings,
    seconds budget: Double
  ) throws -> (seconds: Double, coreShare: Double) {
    // Windows live as long as their communicator: each visit has one of its own.
    let communicator = try ranks.part(color: 0)
    let outcome = try measure(
      Trainer(recipe: recipe, dataset: dataset, communicator: communicator, team: team, settings: settings),
      seconds: budget)
    try communicator.close()
    return outcome
  }

  private static func measure(_ trainer: Trainer, seconds budget: Double) throws -> (seconds: Double, coreShare: Double)
  {
    let communicator = trainer.communicator
    let once = try Profile.warmUp(trainer, seconds: budget / 4)
    let count = max(1, Int(budget / 5 / once))
    let overlaps = communicator.spansNodes
    var rounds: [(seconds: Double, coreShare: Double)] = []
    for _ in 0..<5 {
      let (start, used) = (SystemClock.monotonic.nanoseconds, SystemClock.thread.nanoseconds)
      for _ in 0..<count { try trainer.runIteration(overlapping: overlaps) }
      let elapsed = max(1, SystemClock.monotonic.nanoseconds - start)
      let away = 1e6 * (1 - Double(SystemClock.thread.nanoseconds - used) / Double(elapsed))
      let (slowest, mostAway) = try communicator.maximum(of: Int64(elapsed), Int64(away))
      rounds.append((Double(slowest) * 1e-9 / Double(count), min(1, 1 - Double(mostAway) * 1e-6)))
    }
    try trainer.settle()
    // Ranks and threads beyond the cores take turns: that is no other program.
    let isCrowded = communicator.nodeSize * trainer.threads > ThreadPlacement.allowedCPUs.count
    let (crowded, _) = try communicator.maximum(of: isCrowded ? 1 : 0, 0)
    return (
      rounds.map(\.seconds).sorted()[2], crowded == 1 ? 1 : rounds.map(\.coreShare).sorted()[2]
    )
  }
}

extension Recipe {
  func with(batchSize: Int) -> Recipe {
    var recipe = self
    recipe.training.batchSize = batchSize
    return recipe
  }
}
