import Communication
import Datasets
import Testing

@testable import Training

/// A SAGAN's run is the same on any number of ranks, up to the order of float additions: batch statistics over all
/// ranks, spectral norm, attention, penalties.
///
/// Every layer has a ReLU, so of the few seeds one has to agree: RankAgreementTests says why. The learning rates are low
/// for the same reason.
@Suite(.serialized) struct SAGANRankAgreementTests {
  struct Variant: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let settings: [String]

    init(_ name: String, _ settings: String...) {
      testDescription = name
      self.settings = settings
    }

    func recipe(seed: Int) throws -> Recipe {
      let narrow = [
        "model.noiseSize=16", "model.generator.channels=[8, 8, 8]", "model.discriminator.channels=[8, 8, 8]",
        "model.generator.spectralNorm=true", "training.batchSize=12", "training.generatorLearningRate=0.0002",
        "training.discriminatorLearningRate=0.0004",
      ]
      return try Recipe(
        yaml: Recipe.embedded(named: "digits").yaml, origin: "digits", settings: narrow + settings + ["seed=\(seed)"])
    }
  }

  struct Outcome: Sendable {
    let snapshot: Snapshot
    let losses: [Float]
  }

  /// What every rank ends with.
  static func train(_ recipe: Recipe, ranks: Int, iterations: Int) throws -> [Outcome] {
    let dataset = try DatasetSource(recipe.data.source).load(resolution: recipe.resolution())
    return try InProcessCommunicator.run(ranks: ranks) { communicator in
      let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: communicator)
      var losses: [Float] = []
      for _ in 0..<iterations {
        try trainer.runIteration()
        losses += [trainer.lastReport.discriminatorLoss, trainer.lastReport.generatorLoss]
      }
      return Outcome(snapshot: Snapshot(trainer), losses: losses)
    }
  }

  /// Where runs on several ranks differ from one on a lone rank; empty where they agree with one of the seeds.
  private func disagreements(
    _ variant: Variant, ranks: [Int], iterations: Int, seeds: ClosedRange<Int> = 1...4
  ) throws -> [String] {
    var found: [String] = []
    for ranks in ranks {
      var differences: [String] = []
      for seed in seeds {
        let recipe = try variant.recipe(seed: seed)
        let alone = try Self.train(recipe, ranks: 1, iterations: iterations)[0]
        let shared = try Self.train(recipe, ranks: ranks, iterations: iterations)
        #expect(alone.losses.allSatisfy { $0.isFinite }, "\(alone.losses)")
        #expect(shared.allSatisfy { $0.snapshot == shared[0].snapshot }, "the ranks hold different bits")
        #expect(shared.allSatisfy { $0.losses == shared[0].losses }, "the ranks report different losses")
        let found = shared[0].snapshot.disagreements(
          with: alone.snapshot, learningRate: recipe.training.generatorLearningRate, iterations: iterations)
        if found.isEmpty {
          differences = []
          break
        }
        differences += found.prefix(3).map { "\(ranks) ranks, seed \(seed): \($0)" }
      }
      found += differences
    }
    return found
  }

  @Test(
    "parameters do not depend on the number of ranks",
    arguments: [
      Variant("global"), Variant("node", "norm.statistics=node"),
      Variant("batch norm in both", "model.generator.norm=batch", "model.discriminator.norm=batch"),
    ])
  func ranks(variant: Variant) throws {
    // 12 images are shards of 6, of 4 and of 3; five ranks would have shards of 2 and 3.
    let ranks = variant.testDescription == "global" ? [2, 3, 4, 5] : [3]
    let found = try disagreements(variant, ranks: ranks, iterations: 6)
    #expect(found.isEmpty, "\(found)")
  }

  @Test("with statistics of each rank's own samples they do, by far")
  func ownStatistics() throws {
    let variant = Variant("rank", "norm.statistics=rank")
    for seed in 1...2 {
      let recipe = try variant.recipe(seed: seed)
      let alone = try Self.train(recipe, ranks: 1, iterations: 6)[0].snapshot
      let shared = try Self.train(recipe, ranks: 2, iterations: 6)
      #expect(shared[0].snapshot == shared[1].snapshot, "the ranks hold different bits")
      let found = shared[0].snapshot.disagreements(
        with: alone, learningRate: recipe.training.generatorLearningRate, iterations: 6)
      for network in ["generator/: ", "discriminator/: "] {
        let distance = found.first { $0.hasPrefix(network) }.flatMap { Double($0.dropFirst(network.count)) } ?? 0
        // Fifty times the bound, with every seed.
        #expect(distance > 5e-4, "\(network)\(distance)")
      }
    }
  }

  static let losses = [
    Variant("hinge, 5:1", "training.loss=hinge", "training.discriminatorSteps=5"),
    Variant("non-saturating", "training.loss=nonSaturating", "training.mismatchedLabelWeight=0.5"),
    Variant("least squares", "training.loss=leastSquares"),
    Variant("Wasserstein with gradient penalty", "training.loss=wasserstein", "training.gradientPenaltyWeight=10"),
    // Only differences of logits count: the gradient of the last bias is rounding, of which a larger ε makes nothing.
    Variant(
      "relativistic with R1 and R2", "training.loss=relativistic", "training.r1Weight=1", "training.r2Weight=0.5",
      "training.epsilon=0.001"),
    Variant("finite-difference R1", "training.r1Weight=1", "training.r1Form=finiteDifference", "data.flip=true"),
  ]

  @Test("every loss and penalty trains, stays finite and agrees on two ranks", arguments: losses)
  func everyLoss(variant: Variant) throws {
    let found = try disagreements(variant, ranks: [2], iterations: 3)
    #expect(found.isEmpty, "\(found)")
  }
}
