import Communication
import Datasets
import Forecasting
import Graphs
import Optimization
import Programs

/// What a recipe costs, counted before memory is taken: what a forecast starts from.
public struct IterationCosts: Sendable {
  /// What does not depend on how many ranks there are.
  public let workload: Workload
  /// Of the rank that has most images.
  public let rank: RankNeeds

  /// - Parameter dataBytes: what all data take; nil: those of `dataset`.
  /// - Throws: as `Trainer.init` does where recipe, data and number of ranks do not fit.
  public init(
    recipe: Recipe, dataset: Dataset, models: ModelSource = .recipe, rankCount: Int, threads: Int,
    settings: ReductionSettings = ReductionSettings(), dataBytes: Int? = nil
  ) throws {
    // The last rank has ⌈B/N⌉ images.
    let blueprint = try TrainerBlueprint(
      recipe: recipe, dataset: dataset, models: models, rank: max(0, rankCount - 1), rankCount: rankCount,
      threads: threads, settings: settings)
    let plans = [blueprint.plans.discriminator, blueprint.plans.generator]
    let updates = [blueprint.plans.discriminatorUpdate, blueprint.plans.generatorUpdate]
    workload = Workload(
      recipe: recipe.name, globalBatch: recipe.training.batchSize,
      phases: [
        (plans[0], blueprint.discriminator, recipe.training.discriminatorSteps), (plans[1], blueprint.generator, 1),
      ].map { plan, network, repetitions in
        Workload.Phase(
          name: plan.name, repetitions: repetitions, bucketBytes: network.bucketFloatCounts.map { 4 * $0 },
          blockingSums: plan.blockingSums.map { sum in
            Workload.BlockingSum(bytes: 4 * sum.floatCount, extent: sum.extent == .all ? .all : .node)
          })
      })
    rank = RankNeeds(
      localBatch: blueprint.inputs.shard.count,
      memory: Self.memory(blueprint, dataBytes: dataBytes ?? dataset.byteCount),
      work: zip(plans, updates).map { plan, update in
        let costs = (plan.unitDescriptions + update.unitDescriptions).map(\.cost)
        return RankNeeds.Work(
          phase: plan.name, operations: costs.reduce(0) { $0 + $1.operations },
          bytesMoved: costs.reduce(0) { $0 + $1.bytes })
      })
  }

  private static func memory(_ blueprint: TrainerBlueprint, dataBytes: Int) -> [RankNeeds.Memory] {
    let networks = [blueprint.generator, blueprint.discriminator]
    let bytes = { (block: (NetworkState) -> Int) in 4 * networks.reduce(0) { $0 + block($1) } }
    let plans = [blueprint.plans.discriminator, blueprint.plans.generator]
    let inputs = blueprint.inputs
    let batch = [
      inputs.images, inputs.realConditions, inputs.wrongConditions, inputs.discriminatorConditions,
      inputs.generatorConditions,
    ]
    return [
      RankNeeds.Memory("parameters", bytes: bytes { $0.parameters.values.count + $0.spectral.values.count }),
      RankNeeds.Memory("Adam's moments", bytes: bytes { $0.firstMoment.count + $0.secondMoment.count }),
      RankNeeds.Memory("weight averages", bytes: bytes { $0.average?.count ?? 0 }),
      RankNeeds.Memory("gradients (shared memory)", bytes: 4 * plans.reduce(0) { $0 + $1.gradientFloatCount }),
      RankNeeds.Memory(
        "arena (values in between)", bytes: 4 * ((plans + blueprint.evaluation.plans).map(\.arenaCount).max() ?? 0)),
      RankNeeds.Memory("batch", bytes: 4 * batch.reduce(0) { $0 + $1.count }),
      RankNeeds.Memory("data set (once per node)", bytes: dataBytes),
    ]
  }
}
