import Clocks
import Communication
import Graphs
import Kernels
import Programs
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a rank's cores do at best: how fast products go, and how fast numbers come and go.
///
///     least time = max(operations / peak, bytes / bandwidth)
///
/// - Source: Williams, Waterman, Patterson: Roofline, 2009.
public struct MachineRoof: Sendable, Equatable {
  /// What an operation cannot be faster than.
  public enum Bound: String, Sendable { case products, bytes }

  /// How fast numbers that take so much room are read and written.
  public struct Level: Sendable, Equatable {
    public let bytes: Int
    public let gigabytesPerSecond: Double

    public init(bytes: Int, gigabytesPerSecond: Double) {
      (self.bytes, self.gigabytesPerSecond) = (bytes, gigabytesPerSecond)
    }
  }

  /// Of products: large ones by OpenBLAS, or ones that fit a cache by our own kernel, whichever are faster.
  public let gigaflopsPerSecond: Double
  /// By size, rising.
  public let levels: [Level]

  public init(gigaflopsPerSecond: Double, levels: [Level]) {
    precondition(!levels.isEmpty, "a roof without a bandwidth")
    (self.gigaflopsPerSecond, self.levels) = (gigaflopsPerSecond, levels)
  }

  /// Measures, in about a second; on several ranks all at the same time, as they train.
  public init(measuredOn team: ThreadTeam) throws {
    self.init(
      gigaflopsPerSecond: max(PeakProduct.measure(on: team), PeakProduct.measureCached(on: team)),
      levels: try Self.sizes.map { Level(bytes: $0, gigabytesPerSecond: try Self.bandwidth(bytes: $0, team)) })
  }

  /// From a first-level cache to what no cache holds.
  private static let sizes = [32 << 10, 256 << 10, 1 << 20, 4 << 20, 96 << 20]

  /// As fast as numbers move that take so much room: between two measured sizes, in proportion to the logarithm.
  public func bandwidth(bytes: Int) -> Double {
    guard let above = levels.firstIndex(where: { bytes <= $0.bytes }) else {
      return levels[levels.count - 1].gigabytesPerSecond
    }
    guard above > 0 else { return levels[0].gigabytesPerSecond }
    let (low, high) = (levels[above - 1], levels[above])
    let share = log(Double(bytes) / Double(low.bytes)) / log(Double(high.bytes) / Double(low.bytes))
    return low.gigabytesPerSecond + share * (high.gigabytesPerSecond - low.gigabytesPerSecond)
  }

  /// The least seconds that an operation takes, and what they are for.
  public func least(of cost: Cost) -> (seconds: Double, bound: Bound) {
    let products = Double(cost.performed) * 1e-9 / gigaflopsPerSecond
    let bytes = Double(cost.bytes) * 1e-9 / bandwidth(bytes: cost.bytes)
    return products >= bytes ? (products, .products) : (bytes, .bytes)
  }

  /// GB/s of c = a + b over three arrays that take `bytes` together, the best of seven.
  private static func bandwidth(bytes: Int, _ team: ThreadTeam) throws -> Double {
    let count = bytes / 12
    let graph = Graph()
    let blocks = ["a", "b"].map { StateBlock(name: $0, count: count) }
    for block in blocks {
      block.allocate()
      block.values.update(repeating: 1)
    }
    let sum = try graph.read(blocks[0], shape: [count]) + graph.read(blocks[1], shape: [count])
    let plan = Plan(name: "bandwidth", graph: graph, outputs: [sum], threads: team.count)
    let program = Program(plan, arena: Arena(plans: [plan]), communicator: SoloCommunicator(), team: team)
    try program.run()
    // Enough at a time for the clock.
    let repetitions = max(1, (16 << 20) / bytes)
    var best = UInt64.max
    for _ in 0..<7 {
      let start = SystemClock.monotonic.nanoseconds
      for _ in 0..<repetitions { try program.run() }
      best = min(best, SystemClock.monotonic.nanoseconds - start)
    }
    return Double(12 * count * repetitions) / Double(max(1, best))
  }
}
