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
  let model: any ConditionalModel
  let conditions: Conditions
  let generator: NetworkState
  let discriminator: NetworkState
  let inputs: StepInputs
  let evaluation: EvaluationGraphs
  let discriminatorPlan: Plan
  let generatorPlan: Plan

  /// - Throws: `Failure` where recipe, data and number of ranks do not fit; `GraphError` with the layer's name.
  init(recipe: Recipe, dataset: Dataset, rank: Int, rankCount: Int, threads: Int) throws {
    let training = recipe.training
    guard rankCount <= training.batchSize else {
      throw Failure(
        "training.batchSize: a batch of \(training.batchSize) cannot be split over \(rankCount) ranks; "
          + "use at most \(training.batchSize) ranks or a larger batch", code: .configuration)
    }
    try recipe.checkPenalties()
    conditions = try recipe.conditions(of: dataset.training, in: dataset)
    model = try recipe.makeModel(imageShape: dataset.imageShape, conditionSize: conditions.size)
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
      rankCount: rankCount)
    discriminatorPlan = Plan(
      name: "discriminator", graph: try DiscriminatorStep(context).graph, outputs: [], threads: threads)
    generatorPlan = Plan(name: "generator", graph: try GeneratorStep(context).graph, outputs: [], threads: threads)
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
  public let recipe: Recipe
  public let dataset: Dataset
  public let model: any ConditionalModel
  public let conditions: Conditions
  public let generator: NetworkState
  public let discriminator: NetworkState
  public let discriminatorProgram: Program
  public let generatorProgram: Program
  /// Sampling and judging; they share the arena and the parameters.
  public let evaluation: EvaluationPrograms
  /// The memory that all programs of this run share.
  public let arena: Arena
  let communicator: any Communicator
  /// Threads that share this rank's work.
  public let threads: Int
  private let inputs: StepInputs

  /// Iterations done.
  public internal(set) var iteration = 0
  /// The iteration that sampling was last made ready for.
  private var refreshedAt: Int?

  /// Tells training sets apart, wherever they lie: name, number of images and a digest of pixels and labels.
  private(set) lazy var dataFingerprint: String = {
    let images = dataset.training
    var digest = Digest()
    for index in 0..<images.count {
      images.bytes(at: index).withUnsafeBytes { digest.update($0) }
      digest.update(UInt64(images.label(at: index)))
    }
    return "\(dataset.name) \(images.count) \(String(digest.value, radix: 16))"
  }()

  /// Builds, plans and binds everything; parameters start from the recipe's seed.
  ///
  /// - Throws: `SharedFailure` on all ranks where recipe, data and number of ranks do not fit on one of them.
  public init(
    recipe: Recipe, dataset: Dataset, communicator: any Communicator, team: ThreadTeam = ThreadTeam()
  ) throws {
    let blueprint = try communicator.together {
      try TrainerBlueprint(
        recipe: recipe, dataset: dataset, rank: communicator.rank, rankCount: communicator.size, threads: team.count)
    }
    self.recipe = recipe
    self.dataset = dataset
    self.communicator = communicator
    threads = team.count
    model = blueprint.model
    conditions = blueprint.conditions
    generator = blueprint.generator
    discriminator = blueprint.discriminator
    inputs = blueprint.inputs
    let plans = [blueprint.discriminatorPlan, blueprint.generatorPlan]
    var digest = Digest()
    digest.update(recipe.yaml)
    for plan in plans { digest.update(plan.collectiveDigest) }
    try communicator.verifyEqual(digest.value, what: "the recipe or the plan of collectives")

    arena = Arena(plans: plans + blueprint.evaluation.plans)
    for network in [discriminator, generator] {
      try network.allocate(over: communicator)
      network.parameters.initialize(seed: UInt64(recipe.seed))
      try communicator.broadcast(UnsafeMutableRawBufferPointer(network.parameters.values.values), from: 0)
      network.spectral.start(parameters: network.parameters.values, seed: UInt64(recipe.seed))
      network.startAverage()
    }
    discriminatorProgram = Program(plans[0], arena: arena, communicator: communicator, team: team)
    generatorProgram = Program(plans[1], arena: arena, communicator: communicator, team: team)
    evaluation = EvaluationPrograms(blueprint.evaluation, arena: arena, communicator: communicator, team: team)
  }

  /// One iteration: `discriminatorSteps` updates of the discriminator, one of the generator.
  public func runIteration() throws { try runIteration { try $0.run() } }

  /// The same with `run` in place of running the programs plainly: profiles put a clock there.
  func runIteration(_ run: (Program) throws -> Void) throws {
    let steps = recipe.training.discriminatorSteps
    let factor = recipe.learningRateSchedule.factor(iteration: iteration, of: recipe.training.iterations)
    for substep in 0..<steps {
      inputs.prepareDiscriminator(step: iteration * steps + substep)
      discriminator.prepareUpdate(learningRateFactor: factor)
      try run(discriminatorProgram)
    }
    inputs.prepareGenerator(step: iteration)
    generator.prepareUpdate(learningRateFactor: factor)
    try run(generatorProgram)
    iteration += 1
  }

  /// Brings what sampling needs beside the parameters in line with them; all ranks take part.
  public func refreshEvaluation() throws {
    guard refreshedAt != iteration else { return }
    try evaluation.refresh(conditions: conditions)
    refreshedAt = iteration
  }

  /// Asks all ranks to stop; they know after the next iteration.
  public func requestStop() { inputs.stopRequest.values[0] = 1 }

  /// True on all ranks alike once any has asked.
  public var isStopRequested: Bool {
    iteration > 0 && generator.report(GeneratorStep.Report.stopRequests.rawValue) > 0
  }

  /// What the last iteration reported, over the global batch.
  public var lastReport: IterationReport {
    IterationReport(
      discriminatorLoss: discriminator.report(DiscriminatorStep.Report.loss.rawValue),
      generatorLoss: generator.report(GeneratorStep.Report.loss.rawValue),
      realAccuracy: discriminator.report(DiscriminatorStep.Report.realAccuracy.rawValue),
      fakeAccuracy: discriminator.report(DiscriminatorStep.Report.fakeAccuracy.rawValue))
  }
}

/// The numbers of one iteration that a person watches.
public struct IterationReport: Sendable {
  public var discriminatorLoss: Float
  public var generatorLoss: Float
  /// Share of real images that the discriminator took for real.
  public var realAccuracy: Float
  /// Share of fakes that the discriminator took for fake.
  public var fakeAccuracy: Float
}
