import Forecasting

/// How fast a recipe trains with batches of several sizes, and what they cost.
public struct BatchSweep: Sendable {
  /// One size of the global batch.
  public struct Point: Sendable {
    public let batch: Int
    /// Each visit's milliseconds for one iteration, in the order of the visits; between two of them the other sizes had
    /// their turn.
    public let visits: [Double]
    /// Planned, of the rank that has most images.
    public let memoryBytes: Int

    /// - Precondition: at least one visit.
    public init(batch: Int, visits: [Double], memoryBytes: Int) {
      precondition(!visits.isEmpty, "a batch of \(batch) that was never measured")
      (self.batch, self.visits, self.memoryBytes) = (batch, visits, memoryBytes)
    }

    public init(batch: Int, milliseconds: Double, memoryBytes: Int) {
      self.init(batch: batch, visits: [milliseconds], memoryBytes: memoryBytes)
    }

    /// Of one iteration: the best visit's, for other programs only ever add to it.
    public var milliseconds: Double { visits.min() ?? .nan }
    /// By how much the second-best visit was slower, as a share: two that agree are no accident.
    public var spread: Double { visits.count > 1 ? visits.sorted()[1] / milliseconds - 1 : 0 }
    public var isSteady: Bool { spread <= BatchSweep.largestSpread }
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
  /// How much of the time the busiest rank had its core to itself: the rest went to other programs, or to other guests of
  /// the machine. 1 where ranks share cores by intent.
  public let coreShare: Double

  /// Visits of one size that differ by more do not say how fast it is.
  static let largestSpread = 0.1
  /// With less of its core a rank measures the other programs.
  static let leastCoreShare = 0.9

  /// - Precondition: at least one point, sizes rise.
  public init(
    points: [Point], omissions: [Omission] = [], recipe: String, recipeBatch: Int, ranks: Int, threads: Int,
    coreShare: Double = 1
  ) {
    precondition(!points.isEmpty && zip(points, points.dropFirst()).allSatisfy { $0.batch < $1.batch })
    (self.points, self.omissions, self.recipe) = (points, omissions, recipe)
    (self.recipeBatch, self.ranks, self.threads) = (recipeBatch, ranks, threads)
    self.coreShare = coreShare
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

  /// Whether the machine was quiet enough to compare sizes.
  public var isTrustworthy: Bool { coreShare >= Self.leastCoreShare && points.allSatisfy(\.isSteady) }

  /// What disturbed the measurement, in words; empty where nothing did.
  public var doubts: [String] {
    var doubts: [String] = []
    if coreShare < Self.leastCoreShare {
      doubts.append(
        "a rank had its core for \(Int((100 * coreShare).rounded())) % of the time only: other programs run on this machine"
      )
    }
    doubts += points.filter { !$0.isSteady }.map {
      "\($0.batch): \($0.visits.count) measurements do not agree; the two best differ by \(Int((100 * $0.spread).rounded())) %"
    }
    return doubts
  }

  /// The smallest size with 90 % of the highest rate: beyond it images come hardly faster, but updates come more slowly, and
  /// memory grows. Nil where the machine was too busy to tell.
  public var recommended: Point? {
    guard isTrustworthy else { return nil }
    return points.first { $0.imagesPerSecond >= Self.sufficient * fastest.imagesPerSecond } ?? fastest
  }
}
