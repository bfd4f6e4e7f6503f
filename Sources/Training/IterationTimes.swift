import Clocks
import Communication
import Datasets
import Forecasting
import Kernels
import Programs

/// How long a recipe's phases take a process that talks to no other, at a few sizes of its part of the batch.
public struct IterationTimes: Sendable {
  /// Seconds of one repetition of a phase; medians.
  struct Sample: Sendable {
    var images: Int
    /// All but the update.
    var work: Double
    var update: Double
    /// Before the other network's update is needed.
    var early: Double
    var backward: Double
  }

  /// Per phase, by size.
  private(set) var samples: [[Sample]] = [[], []]
  private let gradientBytes: [Int]
  private let names: [String]

  /// Trains the recipe with batches of up to `mostImages`, each size for a share of `budgetSeconds` and at least two
  /// iterations. Where a batch of `mostImages` would take too long, the largest is smaller.
  ///
  /// - Parameters:
  ///   - settings: how gradients will be summed, which says in what order the discriminator sees its images.
  ///   - agree: makes the largest of all processes' numbers, so that they measure the same sizes at the same
  ///     time; called once before each size and once behind it.
  public init(
    recipe: Recipe, dataset: Dataset, mostImages: Int, team: ThreadTeam, budgetSeconds: Double = 12,
    settings: ReductionSettings = ReductionSettings(), agree: (Double) throws -> Double = { $0 }
  ) throws {
    var sizes = Self.sizes(mostImages: mostImages)
    var bytes = [0, 0]
    var phaseNames = ["", ""]
    let share = budgetSeconds / Double(sizes.count)
    var index = 0
    while index < sizes.count {
      var recipe = recipe
      recipe.training.batchSize = sizes[index]
      _ = try agree(0)
      let trainer = try Trainer(
        recipe: recipe, dataset: dataset, communicator: SoloCommunicator(), team: team, settings: settings)
      let plans = [trainer.programs.discriminator, trainer.programs.generator].map(\.gradients.plan)
      bytes = plans.map { 4 * $0.gradientFloatCount }
      phaseNames = plans.map(\.name)
      let perIteration = try agree(Self.measure(trainer, images: sizes[index], seconds: share, into: &samples))
      // Larger ones take longer in proportion at worst: leave out what would not fit three times.
      let affordable = Double(sizes[index]) * share / (3 * perIteration)
      sizes = sizes.enumerated().filter { $0.offset <= index || Double($0.element) <= affordable }.map(\.element)
      index += 1
    }
    (gradientBytes, names) = (bytes, phaseNames)
  }

  /// Up to three: all of `mostImages`, a sixteenth, and one between.
  static func sizes(mostImages: Int) -> [Int] {
    let least = max(1, mostImages / 16)
    return Set([least, max(1, mostImages / 4), mostImages]).sorted()
  }

  public var measuredImages: ClosedRange<Int> {
    let images = samples[0].map(\.images)
    return (images.min() ?? 1)...(images.max() ?? 1)
  }

  /// All times in one row, so that processes can take their mean.
  public var seconds: [Double] {
    get { samples.joined().flatMap { [$0.work, $0.update, $0.early, $0.backward] } }
    set {
      precondition(newValue.count == seconds.count, "\(newValue.count) times for \(seconds.count)")
      var next = newValue.makeIterator()
      for phase in samples.indices {
        for index in samples[phase].indices {
          samples[phase][index].work = next.next() ?? 0
          samples[phase][index].update = next.next() ?? 0
          samples[phase][index].early = next.next() ?? 0
          samples[phase][index].backward = next.next() ?? 0
        }
      }
    }
  }

  /// Lines through the times.
  public var phases: [Machine.Phase] {
    samples.indices.map { phase in
      let line = { (part: (Sample) -> Double) in
        // A part that the phase does not have takes no time.
        LinearFit(samples[phase].map { (x: Double($0.images), seconds: max(1e-12, part($0))) })
      }
      return Machine.Phase(
        name: names[phase], gradientBytes: gradientBytes[phase], work: line(\.work),
        early: line(\.early), backward: line(\.backward),
        updateSeconds: samples[phase].reduce(0) { $0 + $1.update } / Double(samples[phase].count))
    }
  }

  /// The largest relative distance of a phase's work from its line.
  public var fitError: Double {
    zip(phases, samples).map { phase, samples in
      phase.work.largestError(over: samples.map { (x: Double($0.images), seconds: $0.work) })
    }.max() ?? 0
  }
}

extension IterationTimes {
  /// - Returns: seconds of an iteration.
  private static func measure(
    _ trainer: Trainer, images: Int, seconds: Double, into samples: inout [[Sample]]
  ) throws -> Double {
    let clocks = [PhaseClock(trainer.programs.discriminator), PhaseClock(trainer.programs.generator)]
    try trainer.runIteration()
    let start = SystemClock.monotonic.nanoseconds
    var (before, iterations) = (start, 0)
    while iterations < 2 || (Double(before - start) * 1e-9 < seconds && iterations < 2000) {
      try trainer.runIteration { program, segment in
        guard let clock = clocks.first(where: { $0.knows(program) }) else { return }
        try clock.run(program, segment, since: before)
        before = SystemClock.monotonic.nanoseconds
      }
      iterations += 1
    }
    for (phase, clock) in clocks.enumerated() { samples[phase].append(clock.sample(images: images)) }
    return Double(before - start) * 1e-9 / Double(iterations)
  }
}

/// Sorts the time of a phase by what it is for.
private final class PhaseClock {
  private let step: StepPrograms.Step
  private var unitNanoseconds: [UInt64]
  private let stages: [Plan.Stage]
  private var seen: [IterationTimes.Sample] = []
  /// Of the phase under way.
  private var (gradients, early): (UInt64, UInt64) = (0, 0)

  init(_ step: StepPrograms.Step) {
    self.step = step
    unitNanoseconds = Array(repeating: 0, count: step.gradients.plan.unitCount)
    stages = step.gradients.plan.stages
  }

  func knows(_ program: Program) -> Bool { program === step.gradients || program === step.update }

  /// - Parameter start: when what the trainer did before this segment began.
  func run(_ program: Program, _ segment: Int, since start: UInt64) throws {
    guard program === step.gradients else {
      try program.run()
      return finish(updateNanoseconds: SystemClock.monotonic.nanoseconds - start)
    }
    try program.run(segment: segment, measuring: &unitNanoseconds)
    let nanoseconds = SystemClock.monotonic.nanoseconds - start
    gradients += nanoseconds
    if segment == 0, step.startsEarly { early = nanoseconds }
  }

  private func finish(updateNanoseconds: UInt64) {
    let backward = zip(stages, unitNanoseconds).reduce(0) { $0 + ($1.0 == .backward ? $1.1 : 0) }
    let collective = zip(stages, unitNanoseconds).reduce(0) { $0 + ($1.0 == .collective ? $1.1 : 0) }
    seen.append(
      IterationTimes.Sample(
        images: 0, work: Double(gradients - collective) * 1e-9, update: Double(updateNanoseconds) * 1e-9,
        early: Double(early) * 1e-9, backward: Double(backward) * 1e-9))
    for index in unitNanoseconds.indices { unitNanoseconds[index] = 0 }
    (gradients, early) = (0, 0)
  }

  func sample(images: Int) -> IterationTimes.Sample {
    let median = { (part: (IterationTimes.Sample) -> Double) in
      let sorted = self.seen.map(part).sorted()
      return sorted[sorted.count / 2]
    }
    return IterationTimes.Sample(
      images: images, work: median(\.work), update: median(\.update), early: median(\.early),
      backward: median(\.backward))
  }
}
