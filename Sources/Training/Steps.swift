import Graphs
import Layers
import Models
import Optimization
import Tensors

/// The gradients of the discriminator: real images against fresh fakes, both through it as one batch; or in two passes,
/// the real images first, so that an update of the generator can still be on its way.
///
///     loss = mean cost(real, fake) + w·mean cost(real under a wrong condition) + penalties
struct DiscriminatorStep {
  enum Report: Int, CaseIterable { case loss, realAccuracy, fakeAccuracy, control }

  let graph: Graph
  /// What the plan must have.
  let outputs: [Value]

  init(_ context: StepContext) throws {
    let graph = Graph()
    self.graph = graph
    let (model, recipe, inputs, n) = (context.model, context.recipe.training, context.inputs, context.n)
    let real = try graph.read(inputs.images, shape: Shape([n] + model.imageShape.dimensions))
    let realConditions = try context.conditions(inputs.realConditions, in: graph)
    let fakeConditions = try context.conditions(inputs.discriminatorConditions, in: graph)
    let scope = context.discriminatorScope(graph)
    let firstScope = context.splitsDiscriminator ? context.discriminatorScope(graph) : nil
    let realFeatures = try firstScope.map { try model.features(of: real, in: $0) }
    if realFeatures != nil { try graph.endSegment() }
    let fake = try model.generate(
      noise: context.noise(in: graph, for: .discriminatorNoise), condition: fakeConditions,
      in: context.generatorScope(graph)
    ).detached

    let features =
      if let realFeatures {
        try concatenate([realFeatures, model.features(of: fake, in: scope)], axis: 0)
      } else {
        try model.features(of: concatenate([real, fake], axis: 0), in: scope)
      }
    var judged = [features]
    var conditions = [realConditions, fakeConditions]
    if recipe.mismatchedLabelWeight > 0 {
      judged.append(try features.slice(0..<n))
      conditions.append(try context.conditions(inputs.wrongConditions, in: graph))
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
    if let penalty = try context.gradientPenalty(
      real: (real, realConditions, realLogits), fake: (fake, fakeConditions))
    {
      loss = try loss + share * penalty
    }
    loss = try context.adding(scope.penalties, earlier: firstScope?.penalties, to: loss)

    outputs = try context.discriminator.addGradients(
      loss: loss,
      reports: Report.allCases.map { report in
        switch report {
        case .loss: loss
        case .realAccuracy: try share * countPositive(realLogits)
        case .fakeAccuracy: try share * countPositive(-fakeLogits)
        case .control: try context.control(in: graph)
        }
      }, settings: context.settings)
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
    let loss = try context.adding(scope.penalties, to: 1 / context.globalBatch * cost)
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
