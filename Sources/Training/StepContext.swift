import Communication
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
  /// How gradients are summed.
  var settings = ReductionSettings()
  /// In place of random noise: references bring their own.
  var fixedNoise: ((Graph, RandomPurpose) throws -> Value)?

  /// Two passes see what one sees only where no sample looks at the others.
  var splitsDiscriminator: Bool { settings.splitsDiscriminator && model.judgesSamplesAlone }

  /// This rank's samples.
  var n: Int { inputs.shard.count }
  var globalBatch: Float { Float(inputs.shard.globalBatch) }

  func conditions(_ block: StateBlock, in graph: Graph) throws -> Value {
    try graph.read(block, shape: [n, model.conditionSize])
  }

  /// What this rank asks of all: `[fields]`, the last thing that a step reports.
  func control(in graph: Graph) throws -> Value {
    try graph.read(inputs.control, shape: [ControlRecord.Field.allCases.count])
  }

  /// Where fakes come from: `[n, noiseSize]`.
  func noise(in graph: Graph, for purpose: RandomPurpose) throws -> Value {
    if let fixedNoise { return try fixedNoise(graph, purpose) }
    return try random(.normal, shape: [n, model.noiseSize], in: graph, for: purpose)
  }

  private func random(
    _ distribution: Random.Distribution, shape: Shape, in graph: Graph, for purpose: RandomPurpose
  ) throws -> Value {
    try graph.random(
      distribution, shape: shape, seed: UInt64(recipe.seed), purpose: purpose,
      firstSample: inputs.shard.range.lowerBound, at: inputs.position)
  }

  func generatorScope(_ graph: Graph) -> Scope {
    scope(graph, generator, normalizesWeights: model.normalizesGeneratorWeights)
  }

  func discriminatorScope(_ graph: Graph) -> Scope {
    scope(graph, discriminator, normalizesWeights: model.normalizesDiscriminatorWeights)
  }

  private func scope(_ graph: Graph, _ network: NetworkState, normalizesWeights: Bool) -> Scope {
    Scope(
      graph: graph, parameters: network.parameters,
      weights: WeightOptions(
        initializer: model.initializer, spectral: normalizesWeights ? network.spectral : nil),
      norms: .training(recipe.norm.statistics))
  }

  /// A network's extra terms of the loss: means over samples weighed by this rank's share of the batch, weight terms split
  /// over ranks.
  ///
  /// - Parameter earlier: of a pass before, with as many samples; it has asked for the same weight terms.
  func terms(_ penalties: Penalties, earlier: Penalties? = nil) throws -> [Value] {
    let weight = Float(n) / globalBatch / (earlier == nil ? 1 : 2)
    return try (penalties.sampleMeans + (earlier?.sampleMeans ?? [])).map { try weight * $0 }
      + penalties.weightTerms.map { try $0 / Float(rankCount) }
  }

  /// What the discriminator pays for steep slopes, summed over this rank's samples; nil where the recipe asks for none.
  ///
  ///     γ₁/2·‖∇D(real)‖² + γ₂/2·‖∇D(fake)‖² + λ·(‖∇D(mix)‖ − 1)²
  ///
  /// Each kind of image goes through the discriminator alone: through the joined batch, half of both backward passes
  /// would be about zeros.
  func gradientPenalty(
    real: (images: Value, conditions: Value, logits: Value), fake: (images: Value, conditions: Value)
  ) throws -> Value? {
    let (training, graph) = (recipe.training, real.images.graph)
    let judge = { (images: Value, conditions: Value) throws -> Value in
      let alone = discriminatorScope(graph)
      return try model.judge(features: model.features(of: images, in: alone), condition: conditions, in: alone)
    }
    var terms: [Value] = []
    if training.r1Weight > 0 {
      let norms: Value
      switch training.r1Form {
      case .exact:
        norms = try gradientNorms(of: judge(real.images, real.conditions), withRespectTo: real.images)
      case .finiteDifference:
        let deviation = Float(training.r1Step)
        let noise = try random(.normal, shape: real.images.shape, in: graph, for: .gradientNoise)
        let noisy = try judge(real.images + deviation * noise, real.conditions)
        norms = try finiteDifferenceNorms(of: real.logits, withNoise: noisy, deviation: deviation)
      }
      terms.append(try Float(training.r1Weight) / 2 * norms)
    }
    if training.r2Weight > 0 {
      let norms = try gradientNorms(of: judge(fake.images, fake.conditions), withRespectTo: fake.images)
      terms.append(try Float(training.r2Weight) / 2 * norms)
    }
    if training.gradientPenaltyWeight > 0 {
      let share = try random(.uniform(low: 0, high: 1), shape: [n, 1], in: graph, for: .gradientPenalty)
      let mix = try interpolated(real: real.images, fake: fake.images, share: share.reshaped(to: [n]))
      let penalty = try unitGradientPenalty(of: judge(mix, real.conditions), withRespectTo: mix)
      terms.append(try Float(training.gradientPenaltyWeight) * penalty)
    }
    guard let first = terms.first else { return nil }
    return try terms.dropFirst().reduce(first) { try $0 + $1 }
  }
}
