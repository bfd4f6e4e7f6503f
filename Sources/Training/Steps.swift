import Graphs
import Layers
import Models
import Optimization
import Tensors

/// What both steps are built from.
struct StepContext {
  let model: any ConditionalModel
  let recipe: Recipe
  let inputs: StepInputs
  let generator: NetworkState
  let discriminator: NetworkState
  let rankCount: Int
  /// Where fakes come from: `[n, noiseSize]` for one of the two steps.
  let noise: (Graph, RandomPurpose) throws -> Value

  /// This rank's samples.
  var n: Int { inputs.shard.count }
  var globalBatch: Float { Float(inputs.shard.globalBatch) }

  func conditions(_ block: StateBlock, in graph: Graph) throws -> Value {
    try graph.read(block, shape: [n, model.conditionSize])
  }

  /// A network's extra terms: means over samples weighed by this rank's share of the batch, weight terms split over ranks.
  func adding(_ penalties: Penalties, to loss: Value) throws -> Value {
    var loss = loss
    for mean in penalties.sampleMeans { loss = try loss + Float(n) / globalBatch * mean }
    for term in penalties.weightTerms { loss = try loss + term / Float(rankCount) }
    return loss
  }
}

/// One update of the discriminator: real images against fresh fakes, both through it as one batch.
///
///     loss = ½·(mean cost(real) + mean cost(fake)) + w·mean cost(real under a wrong condition) + γ/2·mean ‖∇D(real)‖²
struct DiscriminatorStep {
  enum Report: Int, CaseIterable { case loss, realAccuracy, fakeAccuracy }

  let graph = Graph()

  init(_ context: StepContext) throws {
    let (model, recipe, inputs, n) = (context.model, context.recipe.training, context.inputs, context.n)
    let real = try graph.read(inputs.images, shape: Shape([n] + model.imageShape.dimensions))
    let realConditions = try context.conditions(inputs.realConditions, in: graph)
    let fakeConditions = try context.conditions(inputs.discriminatorConditions, in: graph)
    let fake = try model.generate(
      noise: context.noise(graph, .discriminatorNoise), condition: fakeConditions,
      in: Scope(graph: graph, parameters: context.generator.parameters)
    ).detached

    let scope = Scope(graph: graph, parameters: context.discriminator.parameters)
    let features = try model.features(of: concatenate([real, fake], axis: 0), in: scope)
    var judged = [features]
    var conditions = [realConditions, fakeConditions]
    if recipe.mismatchedLabelWeight > 0 {
      judged.append(try features.slice(0..<n))
      conditions.append(try context.conditions(inputs.wrongConditions, in: graph))
    }
    let logits = try model.judge(
      features: concatenate(judged, axis: 0), condition: concatenate(conditions, axis: 0), in: scope)
    let (realLogits, fakeLogits) = (try logits.slice(0..<n), try logits.slice(n..<2 * n))

    let cost = try recipe.loss.discriminatorCost(real: realLogits) + recipe.loss.discriminatorCost(fake: fakeLogits)
    var loss = try 0.5 / context.globalBatch * cost
    if recipe.mismatchedLabelWeight > 0 {
      let wrong = try recipe.loss.discriminatorCost(fake: logits.slice(2 * n..<3 * n))
      loss = try loss + Float(recipe.mismatchedLabelWeight) / context.globalBatch * wrong
    }
    if recipe.r1Weight > 0 {
      // The real images alone: through the joined batch, half of both backward passes would be about zeros.
      let alone = Scope(graph: graph, parameters: context.discriminator.parameters)
      let logits = try model.judge(
        features: model.features(of: real, in: alone), condition: realConditions, in: alone)
      let norms = try gradientNorms(of: logits, withRespectTo: real)
      loss = try loss + Float(recipe.r1Weight) / 2 / context.globalBatch * norms
    }
    loss = try context.adding(scope.penalties, to: loss)

    let share = 1 / context.globalBatch
    try context.discriminator.addUpdate(
      loss: loss,
      reports: Report.allCases.map { report in
        switch report {
        case .loss: loss
        case .realAccuracy: try share * countPositive(realLogits)
        case .fakeAccuracy: try share * countPositive(-fakeLogits)
        }
      })
  }
}

/// One update of the generator against the discriminator as it is now.
///
///     loss = mean cost(D(G(noise)))
struct GeneratorStep {
  enum Report: Int, CaseIterable {
    case loss
    /// How many ranks have been asked to stop.
    case stopRequests
  }

  let graph = Graph()

  init(_ context: StepContext) throws {
    let conditions = try context.conditions(context.inputs.generatorConditions, in: graph)
    let scope = Scope(graph: graph, parameters: context.generator.parameters)
    let fake = try context.model.generate(
      noise: context.noise(graph, .generatorNoise), condition: conditions, in: scope)

    let judge = Scope(graph: graph, parameters: context.discriminator.parameters)
    let features = try context.model.features(of: fake, in: judge)
    let logits = try context.model.judge(features: features, condition: conditions, in: judge)
    let cost = try context.recipe.training.loss.generatorCost(fake: logits)
    let loss = try context.adding(scope.penalties, to: 1 / context.globalBatch * cost)
    try context.generator.addUpdate(
      loss: loss,
      reports: Report.allCases.map { report in
        switch report {
        case .loss: loss
        case .stopRequests: try graph.read(context.inputs.stopRequest, shape: .scalar)
        }
      })
  }
}
