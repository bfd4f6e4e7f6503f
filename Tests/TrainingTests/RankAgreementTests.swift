import Testing

@testable import Training

/// A run is the same on any number of ranks, up to the order of float additions.
///
/// At a kink (ReLU and its relatives, the L1 terms) the order of additions can decide on which side a value falls. That
/// moves a network by 1e-5 to 1e-3 at once and, since training is chaotic, by all of its steps some ten iterations
/// later; moving a hundred weights of a lone process by one ulp does the same. So a network without kinks has to agree
/// with every extra term of the loss switched on, and the recipes, which have kinks, with one of a few seeds: a mistake
/// shows with all of them.
@Suite(.serialized) struct RankAgreementTests {
  struct Variant: Sendable, CustomTestStringConvertible {
    let name: String
    let recipe: String
    var settings: [String] = []
    var iterations = 50
    var seeds = 1...4

    var testDescription: String { name }

    func recipe(seed: Int) throws -> Recipe {
      try Recipe(
        yaml: Recipe.embedded(named: recipe).yaml, origin: recipe, settings: settings + ["seed=\(seed)"])
    }
  }

  private static let penalties = [
    "model.generator.attention.kernelL2=0.001", "model.generator.attention.biasL2=0.001",
    "model.generator.attention.regularizerWeight=1", "model.discriminator.attention.kernelL2=0.001",
    "model.discriminator.attention.regularizerWeight=1", "training.r1Weight=1", "training.discriminatorSteps=2",
  ]

  static let variants = [
    Variant(
      name: "no kinks", recipe: "digits-dense",
      settings: penalties + [
        "model.generator.activation=tanh", "model.generator.hiddenAfter=[]", "model.discriminator.activation=tanh",
        "model.discriminator.hiddenAfter=[]", "training.generatorLearningRate=0.0002",
        "training.discriminatorLearningRate=0.0002",
      ], seeds: 1...1),
    Variant(name: "dense-reference", recipe: "dense-reference"),
    Variant(
      name: "penalized", recipe: "dense-reference",
      settings: penalties + ["model.generator.attention.biasL1=0.001", "model.discriminator.attention.kernelL1=0.0001"]),
    // At its learning rate a kink matters within ten to thirty iterations.
    Variant(name: "digits-dense", recipe: "digits-dense", iterations: 10, seeds: 1...6),
  ]

  @Test("parameters after 50 iterations do not depend on the number of ranks", arguments: variants, 2...4)
  func ranks(variant: Variant, ranks: Int) throws {
    var found: [String] = []
    for seed in variant.seeds {
      let recipe = try variant.recipe(seed: seed)
      let alone = try train(recipe, ranks: 1, iterations: variant.iterations)[0]
      // 3 does not divide the batch of 64: shards of 21, 21 and 22.
      let shared = try train(recipe, ranks: ranks, iterations: variant.iterations)
      #expect(shared.allSatisfy { $0 == shared[0] }, "the ranks hold different bits")
      let differences = shared[0].disagreements(
        with: alone, learningRate: recipe.training.generatorLearningRate, iterations: variant.iterations)
      if differences.isEmpty { return }
      found += differences.prefix(3).map { "seed \(seed): \($0)" }
    }
    Issue.record("\(variant.name) on \(ranks) ranks: \(found.joined(separator: ", "))")
  }

  @Test("the generator's score bias has no gradient and stays exactly 0", arguments: [1, 3])
  func scoreBias(ranks: Int) throws {
    // Softmax over softmax: the same number added to all scores of a query changes nothing.
    let snapshot = try train(recipe("digits-dense"), ranks: ranks, iterations: 10)[0]
    #expect(snapshot["generator/attention/ba"] == [0])
    #expect(snapshot["discriminator/attention/ba"] != [0])
  }
}
