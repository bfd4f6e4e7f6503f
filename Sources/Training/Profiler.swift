import Clocks
import Communication
import Kernels
import Programs

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where the time of an iteration goes, measured on whole iterations: data, noise, reductions, Adam and averages included.
public struct Profile: Sendable {
  /// One unit of a program: a kernel or a fused run.
  public struct Operation: Sendable {
    /// `discriminator` or `generator`, with ` update` for what follows the sum of gradients.
    public let phase: String
    public let name: String
    public let layer: String
    /// Per iteration.
    public let milliseconds: Double
    public let gigaflopsPerSecond: Double
    /// Of the time of all operations.
    public let share: Double
  }

  /// Global batch per iteration over the time of an iteration, all ranks working.
  public let imagesPerSecond: Double
  /// All discriminator steps of an iteration.
  public let discriminatorMilliseconds: Double
  public let generatorMilliseconds: Double
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
  public let ranks: Int
  public let threads: Int
  public let iterations: Int
  /// On rank 0, the slowest first.
  public let operations: [Operation]

  /// Trains `iterations` iterations for the whole, then as many again with a clock between operations.
  ///
  /// - Parameter iterations: nil for as many as take about ten seconds, 5 to 1,000.
  public init(measuring trainer: Trainer, iterations asked: Int?, threads: Int = 1) throws {
    let duration = try Self.warmUp(trainer)
    let iterations = asked ?? min(1000, max(5, Int(10 / duration)))
    try trainer.communicator.barrier()
    let sentBefore = trainer.communicator.traffic
    var phases = (discriminator: UInt64(0), generator: UInt64(0))
    let start = SystemClock.monotonic.nanoseconds
    var before = start
    let overlaps = trainer.communicator.spansNodes
    let generator = trainer.programs.generator
    for _ in 0..<iterations {
      try trainer.runIteration(overlapping: overlaps) { program, segment in
        try program.run(segment: segment)
        let now = SystemClock.monotonic.nanoseconds
        if program === generator.gradients || program === generator.update {
          phases.generator += now - before
        } else {
          phases.discriminator += now - before
        }
        before = now
      }
    }
    try trainer.settle()
    let seconds = Double(SystemClock.monotonic.nanoseconds - start) * 1e-9
    let sent = trainer.communicator.traffic
    messagesSent = Double(sent.messages - sentBefore.messages) / Double(iterations)
    bytesSent = Double(sent.bytes - sentBefore.bytes) / Double(iterations)

    let programs = trainer.programs.all
    var unitTimes = programs.map { [UInt64](repeating: 0, count: $0.plan.unitCount) }
    for _ in 0..<iterations {
      try trainer.runIteration(overlapping: overlaps) { program, segment in
        guard let index = programs.firstIndex(where: { $0 === program }) else { return }
        try program.run(segment: segment, measuring: &unitTimes[index])
      }
    }
    try trainer.settle()

    var usage = rusage()
    let code = getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    precondition(code == 0, "getrusage(RUSAGE_SELF) fails")
    let megabytes = try trainer.communicator.maximum(of: Int64(usage.ru_maxrss))
    imagesPerSecond = Double(iterations * trainer.recipe.training.batchSize) / seconds
    discriminatorMilliseconds = Double(phases.discriminator) * 1e-6 / Double(iterations)
    generatorMilliseconds = Double(phases.generator) * 1e-6 / Double(iterations)
    peakResidentMegabytes = Double(megabytes) / 1024
    let plans = zip(programs.map(\.plan), Self.runs(trainer)).map { ($0, $1) }
    megabytesMoved = plans.reduce(0) { $0 + Double($1.0.bytesMoved * $1.1) * 1e-6 }
    megabytesUnfused = plans.reduce(0) { $0 + Double($1.0.unfusedBytes * $1.1) * 1e-6 }
    ranks = trainer.communicator.size
    self.threads = threads
    self.iterations = iterations
    operations = Self.operations(trainer, unitTimes, iterations: iterations)
    var waits = [0.0, 0.0]
    for (program, times) in zip(programs, unitTimes) {
      for (unit, time) in zip(program.plan.unitDescriptions, times) {
        switch unit.wait {
        case .gradients?: waits[0] += Double(time)
        case .statistics?: waits[1] += Double(time)
        case nil: break
        }
      }
    }
    try waits.withUnsafeMutableBufferPointer { try trainer.communicator.allReduceSum($0) }
    let perRank = waits.map { $0 * 1e-6 / Double(iterations * trainer.communicator.size) }
    (gradientWaitMilliseconds, statisticsMilliseconds) = (perRank[0], perRank[1])
  }

  /// Of the time of an iteration with a clock between operations, as waits are measured.
  public var communicationShare: Double {
    (gradientWaitMilliseconds + statisticsMilliseconds) / iterationMilliseconds
  }
  public var statisticsShare: Double { statisticsMilliseconds / iterationMilliseconds }
  private var iterationMilliseconds: Double { discriminatorMilliseconds + generatorMilliseconds }

  /// Trains for about two seconds, 3 to 50 iterations.
  ///
  /// - Returns: seconds of one iteration, the same on all ranks.
  private static func warmUp(_ trainer: Trainer) throws -> Double {
    for _ in 0..<2 { try trainer.runIteration() }
    let start = SystemClock.monotonic.nanoseconds
    try trainer.runIteration()
    let nanoseconds = try trainer.communicator.maximum(of: Int64(SystemClock.monotonic.nanoseconds - start))
    let duration = max(1e-6, Double(nanoseconds) * 1e-9)
    for _ in 0..<min(47, Int(2 / duration)) { try trainer.runIteration() }
    return duration
  }

  /// How often an iteration runs each of the programs.
  private static func runs(_ trainer: Trainer) -> [Int] {
    let steps = trainer.recipe.training.discriminatorSteps
    return [steps, steps, 1, 1]
  }

  private static func operations(_ trainer: Trainer, _ times: [[UInt64]], iterations: Int) -> [Operation] {
    let total = Double(times.joined().reduce(0, +))
    return zip(zip(trainer.programs.all, runs(trainer)), times).flatMap { program, times in
      zip(program.0.plan.unitDescriptions, times).map { unit, nanoseconds in
        let perIteration = Double(nanoseconds) / Double(iterations)
        return Operation(
          phase: program.0.plan.name, name: unit.name, layer: unit.layer, milliseconds: perIteration * 1e-6,
          gigaflopsPerSecond: perIteration > 0 ? Double(unit.cost.operations * program.1) / perIteration : 0,
          share: total > 0 ? Double(nanoseconds) / total : 0)
      }
    }.sorted { $0.milliseconds > $1.milliseconds }
  }
}
