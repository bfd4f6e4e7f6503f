import Forecasting
import Programs

/// Where the time of an iteration goes, measured on whole iterations: data, noise, reductions, Adam and averages included.
public struct Profile: Sendable {
  /// One unit of a program: a kernel or a fused run.
  public struct Operation: Sendable {
    /// `discriminator` or `generator`, with ` update` for what follows the sum of gradients.
    public let phase: String
    public let stage: Plan.Stage
    public let name: String
    public let layer: String
    /// Per iteration.
    public let milliseconds: Double
    public let cost: IterationCost
    /// Of the time of an iteration with a clock between operations.
    public let share: Double
    /// The least time that the machine's roof leaves for it, over its time; nil where it waits for others.
    public let shareOfRoof: Double?
    /// Whether products or bytes are what takes this least time; nil where it waits for others.
    public let bound: MachineRoof.Bound?

    /// Counted by the definition of the operation.
    public var gigaflopsPerSecond: Double {
      milliseconds > 0 ? Double(cost.operations) * 1e-6 / milliseconds : 0
    }
    public var gigabytesPerSecond: Double { milliseconds > 0 ? Double(cost.bytes) * 1e-6 / milliseconds : 0 }
  }

  /// What an operation costs in an iteration.
  public struct IterationCost: Sendable, Equatable {
    /// By the definition; a multiply-add counts two.
    public var operations = 0
    /// Of the method in use.
    public var performed = 0
    /// Read and written if nothing stays in a cache.
    public var bytes = 0
  }

  /// Operations that belong together, summed.
  public struct Portion: Sendable {
    public let name: String
    public let milliseconds: Double
    public let share: Double
    public let cost: IterationCost
    /// Of what computes; nil where all is waiting.
    public let shareOfRoof: Double?

    public var gigaflopsPerSecond: Double {
      milliseconds > 0 ? Double(cost.operations) * 1e-6 / milliseconds : 0
    }
    public var gigabytesPerSecond: Double { milliseconds > 0 ? Double(cost.bytes) * 1e-6 / milliseconds : 0 }

    init(_ name: String, _ operations: [Operation]) {
      self.name = name
      milliseconds = operations.reduce(0) { $0 + $1.milliseconds }
      share = operations.reduce(0) { $0 + $1.share }
      cost = operations.reduce(into: IterationCost()) { sum, operation in
        sum.operations += operation.cost.operations
        sum.performed += operation.cost.performed
        sum.bytes += operation.cost.bytes
      }
      let bounded = operations.filter { $0.shareOfRoof != nil }
      let time = bounded.reduce(0) { $0 + $1.milliseconds }
      let least = bounded.reduce(0) { $0 + ($1.shareOfRoof ?? 0) * $1.milliseconds }
      shareOfRoof = time > 0 ? least / time : nil
    }
  }

  /// The arena of a program: what lies where, and when.
  public struct ProgramMemory: Sendable {
    public let program: String
    public let arenaBytes: Int
    public let places: [Plan.MemoryPlace]
    /// Bytes in use while each unit runs.
    public let bytesInUse: [Int]
    /// What each unit is: operation and layer.
    public let units: [String]
    /// The unit at which most is in use, and what lies there then, the largest first.
    public let fullest: (unit: Int, places: [Plan.MemoryPlace])?
  }

  /// Global batch per iteration over the time of an iteration, all ranks working.
  public let imagesPerSecond: Double
  /// All discriminator steps of an iteration.
  public let discriminatorMilliseconds: Double
  public let generatorMilliseconds: Double
  /// Of an iteration with a clock between operations, on rank 0.
  public let measuredMilliseconds: Double
  /// Fetching images and conditions.
  public let batchMilliseconds: Double
  /// How much longer an iteration takes with a clock between operations: the median over pairs of rounds with and without.
  public let clockOverhead: Double
  /// In which a rank waits for gradients to be summed; mean over the ranks, per iteration.
  public let gradientWaitMilliseconds: Double
  /// In which a rank sums statistics of norms over others; mean over the ranks, per iteration.
  public let statisticsMilliseconds: Double
  /// That rank 0 sends to other machines in an iteration, for gradients and statistics.
  public let messagesSent: Double
  public let bytesSent: Double
  /// Of the rank that has most.
  public let peakResidentMegabytes: Double
  /// Read and written by a rank's operations in an iteration, if nothing stays in a cache.
  public let megabytesMoved: Double
  /// The same if every operation were a trip through memory of its own.
  public let megabytesUnfused: Double
  public let recipe: String
  public let batchSize: Int
  public let ranks: Int
  public let threads: Int
  public let iterations: Int
  /// What the machine can do at best, all ranks at once.
  public let roof: MachineRoof
  /// On rank 0, the slowest first.
  public let operations: [Operation]
  /// What a rank's memory is for, as planned.
  public let memory: [RankNeeds.Memory]
  public let programs: [ProgramMemory]

  /// Of the time of an iteration: in operations and in fetching the batch. The rest lies between programs.
  public var accountedShare: Double {
    operations.reduce(batchMilliseconds) { $0 + $1.milliseconds } / measuredMilliseconds
  }

  /// Of the time of an iteration with a clock between operations, as waits are measured.
  public var communicationShare: Double {
    (gradientWaitMilliseconds + statisticsMilliseconds) / iterationMilliseconds
  }
  public var statisticsShare: Double { statisticsMilliseconds / iterationMilliseconds }
  private var iterationMilliseconds: Double { discriminatorMilliseconds + generatorMilliseconds }

  /// By phase and what the operations are for, in the order of an iteration.
  public var parts: [Portion] {
    let stages: [(Plan.Stage, String)] = [
      (.forward, "forward"), (.backward, "backward"), (.collective, "sums over ranks"), (.update, "writing state"),
    ]
    return ["discriminator", "discriminator update", "generator", "generator update"].flatMap { phase in
      let found = operations.filter { $0.phase == phase }
      if phase.hasSuffix("update") { return [Portion(phase, found)] }
      return stages.map { stage, words in Portion("\(phase): \(words)", found.filter { $0.stage == stage }) }
    }.filter { $0.milliseconds > 0 }
  }

  /// By layer, the slowest first: all that an iteration does for it, in both phases.
  public var layers: [Portion] {
    Dictionary(grouping: operations) { operation in
      // `generator/block1/conv1`, and what belongs to no layer: noise, losses, gradients that are joined.
      operation.layer.contains("/")
        ? operation.layer.split(separator: "/").prefix(2).joined(separator: "/")
        : operation.phase.hasSuffix("update") ? operation.phase : "\(operation.phase) step"
    }.map { Portion($0.key, $0.value) }.sorted { ($0.milliseconds, $1.name) > ($1.milliseconds, $0.name) }
  }
}
