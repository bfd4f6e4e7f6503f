import Communication
import Datasets
import Evaluation
import Graphs
import Kernels
import Models
import Optimization
import Programs
import Tensors

/// Everything about a training that can be worked out before memory is taken and before ranks meet: the networks, the
/// graphs of all programs, their plans.
struct TrainerBlueprint {
  /// Settled by the data.
  let recipe: Recipe
  let model: any ConditionalModel
  let conditions: Conditions
  let generator: NetworkState
  let discriminator: NetworkState
  let inputs: StepInputs
  let evaluation: EvaluationGraphs
  let plans: StepPlans

  /// - Throws: `Failure` where recipe, data and number of ranks do not fit; `GraphError` with the layer's name.
  init(
    recipe: Recipe, dataset: Dataset, models: ModelSource = .recipe, rank: Int, rankCount: Int, threads: Int,
    settings: ReductionSettings
  ) throws {
    let recipe = try recipe.settled(by: dataset)
    self.recipe = recipe
    let training = recipe.training
    guard rankCount <= training.batchSize else {
      throw Failure(
        "training.batchSize: a batch of \(training.batchSize) cannot be split over \(rankCount) ranks; "
          + "use at most \(training.batchSize) ranks or a larger batch", code: .configuration)
    }
    conditions = try recipe.conditions(of: dataset.training, in: dataset)
    model = try models.make(
      .init(
        recipe: recipe, imageShape: dataset.imageShape, conditionSize: conditions.size, kind: dataset.layout.kind))
    try recipe.checkPenalties(of: model)
    generator = NetworkState(
      name: "generator",
      settings: recipe.optimizer(learningRate: training.generatorLearningRate, averaging: true))
    discriminator = NetworkState(
      name: "discriminator",
      settings: recipe.optimizer(learningRate: training.discriminatorLearningRate, averaging: false))
    inputs = StepInputs(
      data: TrainingData(
        images: dataset.training, conditions: conditions,
        mirroring: recipe.data.flip ? Mirroring(seed: UInt64(recipe.seed)) : nil),
      shard: Shard(globalBatch: training.batchSize, rank: rank, size: rankCount), seed: UInt64(recipe.seed),
      drawsWrongConditions: training.mismatchedLabelWeight > 0)
    let context = StepContext(
      model: model, recipe: recipe, inputs: inputs, generator: generator, discriminator: discriminator,
      rankCount: rankCount, settings: settings)
    plans = try StepPlans(context, threads: threads)
    evaluation = try EvaluationGraphs(
      EvaluatedNetworks(
        model: model, generator: generator.parameters, generatorVectors: generator.spectral,
        average: generator.average, discriminator: discriminator.parameters,
        discriminatorVectors: discriminator.spectral),
      seed: UInt64(recipe.seed), threads: threads)
  }
}

/// A model in training on this rank: both networks with their state, the two step programs, and the data.
public final class Trainer {
  /// Settled by the data. How many iterations there are may still be planned: see `LengthPlan`.
  public internal(set) var recipe: Recipe
  public let dataset: Dataset
  public let model: any ConditionalModel
  /// Where the model comes from.
  public let models: ModelSource
  public let conditions: Conditions
  public let generator: NetworkState
  public let discriminator: NetworkState
  public let programs: StepPrograms
  /// Sampling and judging; they share the arena and the parameters.
  public let evaluation: EvaluationPrograms
  /// The memory that all programs of this run share but the updates.
  public let arena: Arena
  let communicator: any Communicator
  /// How gradients are summed.
  public let settings: ReductionSettings
  /// Threads that share this rank's work.
  public let threads: Int
  let inputs: StepInputs

  /// Iterations done.
  public internal(set) var iteration = 0
  /// Phases done of the next iteration: discriminator steps, then the generator's. 0 between iterations.
  public internal(set) var phase = 0
  /// Of the runs that this one descends from; rank 0's.
  var ancestors: Set<String> = []
  /// What watches the numbers, and how it has changed the learning rates.
  public internal(set) var health: HealthMonitor
  /// What this rank asks of all with the next phase.
  public var stopRequest: StopReason?
  /// The phase whose gradients are still being summed; its update comes with the next one.
  var pending: StartedPhase?
  /// What a phase brought that was finished before its time; the next one tells.
  var settled: PhaseOutcome?
  /// What the last phase of each network reported, over the global batch.
  public internal(set) var lastReport = IterationReport()
  var phaseTrace: PhaseTrace?
  /// The iteration that sampling was last made ready for.
  var refreshedAt: Int?

  /// Tells training sets apart, wherever they lie: name, number of images and a digest of pixels and labels.
  let dataFingerprint: String

  /// Tells training sets apart, wherever they lie: name, number of images and a digest of pixels and labels.
  ///
  /// Compared over the ranks. Where a node's ranks have their images from one of them, it alone goes through them.
  public static func fingerprint(of dataset: Dataset, on communicator: any Communicator) throws -> String {
    let isReader = !dataset.isOfNode || communicator.nodeRank == 0
    var training = isReader ? digest(of: dataset.training) : 0
    try communicator.verifyEqual(isReader ? training : nil, what: "the training images")
    try communicator.verifyEqual(isReader ? digest(of: dataset.test) : nil, what: "the held-out images")
    if dataset.isOfNode {
      try withUnsafeMutableBytes(of: &training) { try communicator.broadcastOnNode($0) }
    }
    return "\(dataset.name) \(dataset.training.count) \(String(training, radix: 16))"
  }

  private static let mostDigestedValues = 1 << 28

  /// Pixels, labels and conditions.
  private static func digest(of images: ImageSet) -> UInt64 {
    var digest = Digest()
    // A mapped set may be larger than memory: samples spread over it tell it apart well enough.
    let isLarge = images.isMapped && images.count * images.imageShape.count > mostDigestedValues
    let step = isLarge ? max(1, images.count / 1_024) : 1
    if isLarge { for index in stride(from: 0, to: images.count, by: step) { images.prefetch(index: index) } }
    for index in stride(from: 0, to: images.count, by: step) {
      images.withBytes(at: index) { digest.update($0) }
      digest.update(UInt64(images.label(at: index)))
      if let row = images.conditions?.row(index) { row.withUnsafeBytes { digest.update($0) } }
    }
    return digest.value
  }

  /// Builds, plans and binds everything; parameters start from the recipe's seed.
  ///
  /// - Throws: `SharedFailure` on all ranks where recipe, data and number of ranks do not fit on one of them.
  public init(
    recipe: Recipe, dataset: Dataset, communicator: any Communicator, models: ModelSource = .recipe,
    team: ThreadTeam = ThreadTeam(), settings: ReductionSettings = ReductionSettings(), times: StartTimes? = nil
  ) throws {
    let blueprint = try communicator.together {
      try TrainerBlueprint(
        recipe: recipe, dataset: dataset, models: models, rank: communicator.rank, rankCount: communicator.size,
        threads: team.count, settings: settings)
    }
    self.settings = settings
    self.recipe = blueprint.recipe
    self.dataset = dataset
    self.communicator = communicator
    threads = team.count
    health = HealthMonitor(recipe.health)
    model = blueprint.model
    self.models = models
    conditions = blueprint.conditions
    generator = blueprint.generator
    discriminator = blueprint.discriminator
    inputs = blueprint.inputs
    let plans = blueprint.plans
    var digest = Digest()
    digest.update(recipe.yaml)
    digest.update(models.name ?? "")
    for plan in plans.all { digest.update(plan.collectiveDigest) }
    try communicator.verifyEqual(digest.value, what: "the recipe or the plan of collectives")
    times?.mark(.planning)
    dataFingerprint = try Self.fingerprint(of: dataset, on: communicator)
    times?.mark(.data)

    inputs.allocate()
    arena = Arena(plans: [plans.discriminator, plans.generator] + blueprint.evaluation.plans)
    for network in [discriminator, generator] {
      try network.allocate(over: communicator)
      network.parameters.initialize(seed: UInt64(recipe.seed))
      try communicator.broadcast(UnsafeMutableRawBufferPointer(network.parameters.values.values), from: 0)
      network.spectral.start(parameters: network.parameters.values, seed: UInt64(recipe.seed))
      // Drawn with the system's logarithm and cosine, whose last bits differ between versions.
      try communicator.broadcast(UnsafeMutableRawBufferPointer(network.spectral.values.values), from: 0)
      network.startAverage()
    }
    programs = StepPrograms(plans, arena: arena, communicator: communicator, team: team)
    evaluation = EvaluationPrograms(blueprint.evaluation, arena: arena, communicator: communicator, team: team)
  }

  /// Brings what sampling needs beside the parameters in line with them; all ranks take part.
  public func refreshEvaluation() throws {
    guard refreshedAt != iteration else { return }
    try evaluation.refresh(conditions: conditions)
    refreshedAt = iteration
  }
}

/// The numbers of one iteration that a person watches.
public struct IterationReport: Sendable, Equatable {
  public var discriminatorLoss: Float = 0
  public var generatorLoss: Float = 0
  /// Share of real images that the discriminator took for real.
  public var realAccuracy: Float = 0
  /// Share of fakes that the discriminator took for fake.
  public var fakeAccuracy: Float = 0
}
