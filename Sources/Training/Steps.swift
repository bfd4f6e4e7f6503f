import Graphs
import Layers
import Models
import Optimization
import Tensors

/// The gradients of the discriminator: real images against fresh fakes, both through it as one batch; or in two passes,
/// the real images first and back again, so that an update of the generator can still be on its way.
///
///     loss = mean cost(real, fake) + w·mean cost(real under a wrong condition) + penalties
struct DiscriminatorStep {
  enum Report: Int, CaseIterable { case loss, realAccuracy, fakeAccuracy, control }

  let graph: Graph
  /// What the plan must have.
  let outputs: [Value]

  /// What the discriminator says of its images, and what that costs.
  private struct Judgement {
    var realLogits: Value
    var fakeLogits: Value
    /// All of it; this rank's share.
    var loss: Value
    /// What is left of it once `earlier` are known.
    var remainingLoss: Value
    /// Gradients of the other part.
    var earlier: [Value]?
    /// What both passes ask for, the first one's beside the second's.
    var penalties: (earlier: Penalties?, own: Penalties)
  }

  init(_ context: StepContext) throws {
    let graph = Graph()
    self.graph = graph
    let (model, inputs, n) = (context.model, context.inputs, context.n)
    let real = try graph.read(inputs.images, shape: Shape([n] + model.imageShape.dimensions))
    let realConditions = try context.conditions(inputs.realConditions, in: graph)
    let fakeConditions = try context.conditions(inputs.discriminatorConditions, in: graph)
    let makeFakes = {
      try model.generate(
        noise: context.noise(in: graph, for: .discriminatorNoise), condition: fakeConditions,
        in: context.generatorScope(graph)
      ).detached
    }
    var fake = context.splitsDiscriminator ? nil : try makeFakes()
    var judgement: Judgement
    if let fake {
      judgement = try Self.inOnePass(context, real: (real, realConditions), fake: (fake, fakeConditions))
    } else {
      judgement = try Self.inTwoPasses(context, real: (real, realConditions)) {
        let made = try makeFakes()
        fake = made
        return (made, fakeConditions)
      }
    }
    var extra: [Value] = []
    if let fake,
      let penalty = try context.gradientPenalty(
        real: (real, realConditions, judgement.realLogits), fake: (fake, fakeConditions))
    {
      extra.append(try 1 / context.globalBatch * penalty)
    }
    extra += try context.terms(judgement.penalties.own, earlier: judgement.penalties.earlier)
    for term in extra {
      judgement.loss = try judgement.loss + term
      judgement.remainingLoss = try judgement.remainingLoss + term
    }

    let share = 1 / context.globalBatch
    outputs = try context.discriminator.addGradients(
      loss: judgement.remainingLoss, adding: judgement.earlier,
      reports: Report.allCases.map { report in
        switch report {
        case .loss: judgement.loss
        case .realAccuracy: try share * countPositive(judgement.realLogits)
        case .fakeAccuracy: try share * countPositive(-judgement.fakeLogits)
        case .control: try context.control(in: graph)
        }
      }, settings: context.settings)
  }

  private typealias Images = (images: Value, conditions: Value)

  private static func inOnePass(_ context: StepContext, real: Images, fake: Images) throws -> Judgement {
    let (model, recipe, n) = (context.model, context.recipe.training, context.n)
    let graph = real.images.graph
    let scope = context.discriminatorScope(graph)
    let features = try model.features(of: concatenate([real.images, fake.images], axis: 0), in: scope)
    var judged = [features]
    var conditions = [real.conditions, fake.conditions]
    if recipe.mismatchedLabelWeight > 0 {
      judged.append(try features.slice(0..<n))
      conditions.append(try context.conditions(context.inputs.wrongConditions, in: graph))
    }
    let logits = try model.judge(
      features: concatenate(judged, axis: 0), condition: concatenate(conditions, axis: 0), in: scope)
    let (realLogits, fakeLogits) = (try logits.slice(0..<n), try logits.slice(n..<2 * n))
    let share = 1 / context.globalBatch
    let cost = try recipe.loss.discriminatorCost(real: realLogits, fake: fakeLogits)
    var loss = try recipe.loss.discriminatorWeight * share * cost
    if recipe.mismatchedLabelWeight > 0 {
      let wrong = try recipe.loss.discriminatorCost(fake: logits.slice(2 * n..<3 * n))
      loss = try loss + Float(recipe.mismatchedLabelWeight) * share * wrong
    }
    return Judgement(
      realLogits: realLogits, fakeLogits: fakeLogits, loss: loss, remainingLoss: loss,
      penalties: (nil, scope.penalties))
  }

  /// The first segment: real images forward, and backward where what they cost does not depend on the fakes.
  private static func inTwoPasses(
    _ context: StepContext, real: Images, fakes: () throws -> Images
  ) throws -> Judgement {
    let (model, recipe, n) = (context.model, context.recipe.training, context.n)
    let graph = real.images.graph
    let (share, weight) = (1 / context.globalBatch, recipe.loss.discriminatorWeight)
    let first = context.discriminatorScope(graph)
    let features = try model.features(of: real.images, in: first)
    var (judged, conditions) = ([features], [real.conditions])
    if recipe.mismatchedLabelWeight > 0 {
      judged.append(features)
      conditions.append(try context.conditions(context.inputs.wrongConditions, in: graph))
    }
    let logits = try model.judge(
      features: concatenate(judged, axis: 0), condition: concatenate(conditions, axis: 0), in: first)
    let realLogits = try logits.slice(0..<n)
    var realLoss: Value?
    if !recipe.loss.needsRealInGeneratorStep {
      realLoss = try weight * share * recipe.loss.discriminatorCost(real: realLogits)
    }
    if recipe.mismatchedLabelWeight > 0 {
      let wrong =
        try Float(recipe.mismatchedLabelWeight) * share
        * recipe.loss.discriminatorCost(fake: logits.slice(n..<2 * n))
      realLoss = try realLoss.map { try $0 + wrong } ?? wrong
    }
    let earlier = try realLoss.map { try context.discriminator.gradients(of: $0) }
    try graph.endSegment()

    let fake = try fakes()
    let second = context.discriminatorScope(graph)
    let fakeLogits = try model.judge(
      features: model.features(of: fake.images, in: second), condition: fake.conditions, in: second)
    let fakeLoss =
      try weight * share
      * (recipe.loss.needsRealInGeneratorStep
        ? recipe.loss.discriminatorCost(real: realLogits, fake: fakeLogits)
        : recipe.loss.discriminatorCost(fake: fakeLogits))
    return Judgement(
      realLogits: realLogits, fakeLogits: fakeLogits, loss: try realLoss.map { try $0 + fakeLoss } ?? fakeLoss,
      remainingLoss: fakeLoss, earlier: earlier, penalties: (first.penalties, second.penalties))
  }
}

/// The gradients of the generator against the discriminator as it is now; the fakes come first, so that an update of the
/// discriminator can still be on its way.
///
///     loss = mean cost(D(G(noise)))
struct GeneratorStep {
  enum Report: Int, CaseIterable { case loss, control }

  let graph: Graph
  /// What the plan must have.
  let outputs: [Value]

  init(_ context: StepContext) throws {
    let graph = Graph()
    self.graph = graph
    let (model, inputs, n) = (context.model, context.inputs, context.n)
    let adversarial = context.recipe.training.loss
    let conditions = try context.conditions(inputs.generatorConditions, in: graph)
    let scope = context.generatorScope(graph)
    let fake = try model.generate(
      noise: context.noise(in: graph, for: .generatorNoise), condition: conditions, in: scope)
    try graph.endSegment()

    let judge = context.discriminatorScope(graph)
    let judging = { (images: Value, condition: Value) throws -> Value in
      try model.judge(features: model.features(of: images, in: judge), condition: condition, in: judge)
    }
    let cost: Value
    if adversarial.needsRealInGeneratorStep {
      let real = try graph.read(inputs.images, shape: Shape([n] + model.imageShape.dimensions))
      let realConditions = try context.conditions(inputs.realConditions, in: graph)
      cost = try adversarial.generatorCost(
        fake: judging(fake, conditions), real: judging(real, realConditions).detached)
    } else {
      cost = try adversarial.generatorCost(fake: judging(fake, conditions))
    }
    let loss = try context.terms(scope.penalties).reduce(1 / context.globalBatch * cost) { try $0 + $1 }
    outputs = try context.generator.addGradients(
      loss: loss,
      reports: Report.allCases.map { report in
        switch report {
        case .loss: loss
        case .control: try context.control(in: graph)
        }
      }, settings: context.settings)
  }
}
