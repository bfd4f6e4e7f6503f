import Clocks
import Communication
import Datasets
import Forecasting
import Kernels
import Programs

/// How fast a recipe trains with batches of several sizes, and what they cost.
public struct BatchSweep: Sendable {
  /// One size of the global batch.
  public struct Point: Sendable {
    public let batch: Int
    /// Of one iteration, the better of two rounds.
    public let milliseconds: Double
    /// Planned, of the rank that has most images.
    public let memoryBytes: Int

    public init(batch: Int, milliseconds: Double, memoryBytes: Int) {
      (self.batch, self.milliseconds, self.memoryBytes) = (batch, milliseconds, memoryBytes)
    }

    public var imagesPerSecond: Double { 1e3 * Double(batch) / milliseconds }
    public var iterationsPerSecond: Double { 1e3 / milliseconds }
  }

  /// A size that was left out.
  public struct Omission: Sendable {
    public let batch: Int
    /// Of all ranks of a node.
    public let neededBytes: Int
    public let availableBytes: Int
  }

  /// By size, rising.
  public let points: [Point]
  public let omissions: [Omission]
  public let recipe: String
  public let recipeBatch: Int
  public let ranks: Int
  public let threads: Int

  /// - Precondition: at least one point, sizes rise.
  public init(
    points: [Point], omissions: [Omission] = [], recipe: String, recipeBatch: Int, ranks: Int, threads: Int
  ) {
    precondition(!points.isEmpty && zip(points, points.dropFirst()).allSatisfy { $0.batch < $1.batch })
    (self.points, self.omissions, self.recipe) = (points, omissions, recipe)
    (self.recipeBatch, self.ranks, self.threads) = (recipeBatch, ranks, threads)
  }

  /// Trains with each size twice, once on the way up and once on the way down, `secondsPerSize` in all.
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
    var best = Array(repeating: Double.infinity, count: measured.count)
    for index in Array(measured.indices) + measured.indices.reversed() {
      let trainer = try Trainer(
        recipe: recipe.with(batchSize: measured[index].0), dataset: dataset, communicator: communicator, team: team,
        settings: settings)
      best[index] = min(best[index], try Self.seconds(trainer, budget: secondsPerSize / 2))
    }
    self.init(
      points: zip(measured, best).map { Point(batch: $0.0, milliseconds: 1e3 * $1, memoryBytes: $0.1) },
      omissions: omissions, recipe: recipe.name, recipeBatch: recipe.training.batchSize, ranks: communicator.size,
      threads: team.count)
  }

  /// Of an iteration: the median of five rounds, that of the slowest rank.
  private static func seconds(_ trainer: Trainer, budget: Double) throws -> Double {
    let communicator = trainer.communicator
    let once = try Profile.warmUp(trainer, seconds: budget / 4)
    let count = max(1, Int(budget / 5 / once))
    let overlaps = communicator.spansNodes
    var rounds: [Double] = []
    for _ in 0..<5 {
      let start = SystemClock.monotonic.nanoseconds
      for _ in 0..<count { try trainer.runIteration(overlapping: overlaps) }
      let elapsed = try communicator.maximum(of: Int64(SystemClock.monotonic.nanoseconds - start))
      rounds.append(Double(elapsed) * 1e-9 / Double(count))
    }
    try trainer.settle()
    return rounds.sorted()[rounds.count / 2]
  }
}

/// What follows from the times.
extension BatchSweep {
  /// Milliseconds over images.
  public var line: LinearFit { LinearFit(points.map { (x: Double($0.batch), seconds: $0.milliseconds * 1e-3) }) }

  /// Images per second that no batch exceeds, if times go on along the line; nil where they do not lie near one.
  public var limit: Double? {
    let line = line
    let error = line.largestError(over: points.map { (x: Double($0.batch), seconds: $0.milliseconds * 1e-3) })
    guard points.count > 2, error < 0.15, line.slope > 0 else { return nil }
    return max(1 / line.slope, fastest.imagesPerSecond)
  }

  public var fastest: Point { points.max { $0.imagesPerSecond < $1.imagesPerSecond } ?? points[0] }

  /// Shares of the highest rate: larger batches bring nothing to speak of from the one on, are not worth it from the other.
  private static let saturated = 0.97
  private static let sufficient = 0.9

  /// The smallest size that is nearly as fast as any; nil where the largest is still clearly faster than those before it.
  public var saturation: Point? {
    let found = points.first { $0.imagesPerSecond >= Self.saturated * fastest.imagesPerSecond }
    return found?.batch == points.last?.batch ? nil : found
  }

  /// The smallest size with 90 % of the highest rate: beyond it images come hardly faster, but updates come more slowly, and
  /// memory grows.
  public var recommended: Point {
    points.first { $0.imagesPerSecond >= Self.sufficient * fastest.imagesPerSecond } ?? fastest
  }
}

extension Recipe {
  func with(batchSize: Int) -> Recipe {
    var recipe = self
    recipe.training.batchSize = batchSize
    return recipe
  }
}
