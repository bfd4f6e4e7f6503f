import Clocks
import Communication
import Kernels
import Programs

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Profile {
  /// Trains `iterations` iterations for the whole and as many with a clock between operations, in turns.
  ///
  /// - Parameter iterations: nil for as many as take about ten seconds, 5 to 1,000.
  public init(
    measuring trainer: Trainer, iterations asked: Int?, team: ThreadTeam = ThreadTeam()
  ) throws {
    let communicator = trainer.communicator
    let duration = try Self.warmUp(trainer)
    let iterations = asked ?? min(1000, max(5, Int(10 / duration)))
    try communicator.barrier()
    let sentBefore = communicator.traffic
    var clock = IterationClock(trainer)
    let rounds = min(Self.mostRounds, iterations)
    for round in 0..<rounds {
      let count = (round + 1) * iterations / rounds - round * iterations / rounds
      // What comes second finds a machine that has drifted: take turns.
      for isMeasured in [round % 2 == 1, round % 2 == 0] {
        if isMeasured { try clock.measure(count) } else { try clock.run(count) }
      }
    }
    try trainer.settle()
    let perIteration = { (nanoseconds: UInt64) in Double(nanoseconds) * 1e-6 / Double(iterations) }
    let sent = communicator.traffic
    messagesSent = Double(sent.messages - sentBefore.messages) / Double(2 * iterations)
    bytesSent = Double(sent.bytes - sentBefore.bytes) / Double(2 * iterations)
    imagesPerSecond = 1e3 * Double(trainer.recipe.training.batchSize) / perIteration(clock.plain.reduce(0, +))
    discriminatorMilliseconds = perIteration(clock.discriminator)
    generatorMilliseconds = perIteration(clock.generator)
    measuredMilliseconds = perIteration(clock.measured.reduce(0, +))
    batchMilliseconds = perIteration(clock.batch)
    clockOverhead = clock.overhead

    var usage = rusage()
    let code = getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    precondition(code == 0, "getrusage(RUSAGE_SELF) fails")
    peakResidentMegabytes = Double(try communicator.maximum(of: Int64(usage.ru_maxrss))) / 1024
    // Its arrays are larger than most models.
    try communicator.barrier()
    let roof = try MachineRoof(measuredOn: team)
    let plans = trainer.programs.all.map(\.plan)
    let steps = trainer.recipe.training.discriminatorSteps
    let runs = [steps, steps, 1, 1]
    megabytesMoved = zip(plans, runs).reduce(0) { $0 + Double($1.0.bytesMoved * $1.1) * 1e-6 }
    megabytesUnfused = zip(plans, runs).reduce(0) { $0 + Double($1.0.unfusedBytes * $1.1) * 1e-6 }
    recipe = trainer.recipe.name
    batchSize = trainer.recipe.training.batchSize
    ranks = communicator.size
    threads = trainer.threads
    self.iterations = iterations
    self.roof = roof
    operations = zip(zip(plans, runs), clock.units).flatMap { plan, times in
      Self.operations(
        plan.0, runs: plan.1, milliseconds: times.map(perIteration),
        iteration: perIteration(clock.measured.reduce(0, +)),
        roof)
    }.sorted { $0.milliseconds > $1.milliseconds }
    memory = try IterationCosts(
      recipe: trainer.recipe, dataset: trainer.dataset, models: trainer.models, rankCount: communicator.size,
      threads: trainer.threads,
      settings: trainer.settings
    ).rank.memory
    programs = plans.map(ProgramMemory.init)
    var waits = [0.0, 0.0]
    for (plan, times) in zip(plans, clock.units) {
      for (unit, time) in zip(plan.unitDescriptions, times) {
        switch unit.wait {
        case .gradients?: waits[0] += Double(time)
        case .statistics?: waits[1] += Double(time)
        case nil: break
        }
      }
    }
    try waits.withUnsafeMutableBufferPointer { try communicator.allReduceSum($0) }
    let perRank = waits.map { $0 * 1e-6 / Double(iterations * communicator.size) }
    (gradientWaitMilliseconds, statisticsMilliseconds) = (perRank[0], perRank[1])
  }

  private static let mostRounds = 20

  /// Trains for about two seconds, 3 to 50 iterations.
  ///
  /// - Returns: seconds of one iteration, the same on all ranks.
  static func warmUp(_ trainer: Trainer, seconds: Double = 2) throws -> Double {
    for _ in 0..<2 { try trainer.runIteration() }
    let start = SystemClock.monotonic.nanoseconds
    try trainer.runIteration()
    let nanoseconds = try trainer.communicator.maximum(of: Int64(SystemClock.monotonic.nanoseconds - start))
    let duration = max(1e-6, Double(nanoseconds) * 1e-9)
    for _ in 0..<min(47, Int(seconds / duration)) { try trainer.runIteration() }
    return duration
  }

  private static func operations(
    _ plan: Plan, runs: Int, milliseconds: [Double], iteration: Double, _ roof: MachineRoof
  ) -> [Operation] {
    zip(zip(plan.unitDescriptions, plan.stages), milliseconds).map { unit, milliseconds in
      let (unit, stage) = unit
      let least = stage == .collective ? nil : roof.least(of: unit.cost)
      return Operation(
        phase: plan.name, stage: stage, name: unit.name, layer: unit.layer, milliseconds: milliseconds,
        cost: IterationCost(
          operations: runs * unit.cost.operations, performed: runs * unit.cost.performed, bytes: runs * unit.cost.bytes),
        share: milliseconds / iteration,
        shareOfRoof: least.map { milliseconds > 0 ? 1e3 * Double(runs) * $0.seconds / milliseconds : 0 },
        bound: least?.bound)
    }
  }
}

extension Profile.ProgramMemory {
  init(_ plan: Plan) {
    self.init(
      program: plan.name, arenaBytes: 4 * plan.arenaCount, places: plan.memory,
      bytesInUse: plan.memoryInUse.map { 4 * $0 },
      units: plan.unitDescriptions.map { "\($0.name) \($0.layer)" }, fullest: plan.fullest)
  }
}

/// Clocks around iterations, and inside of them.
private struct IterationClock {
  private let trainer: Trainer
  private let programs: [Program]
  private let overlaps: Bool
  /// Nanoseconds of every round without and with a clock between operations.
  private(set) var plain: [UInt64] = []
  private(set) var measured: [UInt64] = []
  /// Without.
  private(set) var discriminator: UInt64 = 0
  private(set) var generator: UInt64 = 0
  /// With: before the first operation of a phase.
  private(set) var batch: UInt64 = 0
  /// Per program, per unit.
  private(set) var units: [[UInt64]]

  init(_ trainer: Trainer) {
    self.trainer = trainer
    programs = trainer.programs.all
    overlaps = trainer.communicator.spansNodes
    units = programs.map { [UInt64](repeating: 0, count: $0.plan.unitCount) }
  }

  mutating func run(_ iterations: Int) throws {
    let generator = trainer.programs.generator
    let start = SystemClock.monotonic.nanoseconds
    var before = start
    for _ in 0..<iterations {
      try trainer.runIteration(overlapping: overlaps) { program, segment in
        try program.run(segment: segment)
        let now = SystemClock.monotonic.nanoseconds
        if program === generator.gradients || program === generator.update {
          self.generator += now - before
        } else {
          discriminator += now - before
        }
        before = now
      }
    }
    plain.append(SystemClock.monotonic.nanoseconds - start)
  }

  mutating func measure(_ iterations: Int) throws {
    let start = SystemClock.monotonic.nanoseconds
    var (before, isPhaseStart) = (start, true)
    for _ in 0..<iterations {
      try trainer.runIteration(overlapping: overlaps) { program, segment in
        guard let index = programs.firstIndex(where: { $0 === program }) else {
          preconditionFailure("a program that is none of an iteration's")
        }
        if isPhaseStart { batch += SystemClock.monotonic.nanoseconds - before }
        try program.run(segment: segment, measuring: &units[index])
        before = SystemClock.monotonic.nanoseconds
        // Updates are at odd places; those that overlap belong to the phase after.
        isPhaseStart = overlaps ? index % 2 == 0 && segment == program.segmentCount - 1 : index % 2 == 1
      }
    }
    measured.append(SystemClock.monotonic.nanoseconds - start)
  }

  /// The median over the rounds.
  var overhead: Double {
    let ratios = zip(measured, plain).map { Double($0) / Double($1) - 1 }.sorted()
    let middle = ratios.count / 2
    return ratios.count % 2 == 1 ? ratios[middle] : (ratios[middle - 1] + ratios[middle]) / 2
  }
}
