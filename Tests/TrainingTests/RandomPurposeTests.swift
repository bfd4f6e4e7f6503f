import Communication
import Datasets
import Graphs
import Tensors
import Testing

@testable import Programs
@testable import Training

@Suite struct RandomPurposeTests {
  @Test("no two draws of an iteration have one purpose", arguments: ["digits", "digits-dense"])
  func distinct(name: String) throws {
    var draws = 0
    for penalties in [
      ["training.r1Weight=1", "training.r1Form=finiteDifference", "training.gradientPenaltyWeight=10"],
      ["training.r1Weight=1", "training.r2Weight=1", "training.gradientPenaltyWeight=1"],
    ] {
      // Penalties forbid a batch norm in the discriminator, which neither has.
      let recipe = try Recipe(
        yaml: Recipe.embedded(named: name).yaml, origin: name,
        settings: penalties + ["training.mismatchedLabelWeight=1", "data.flip=false"])
      let dataset = try DatasetSource("digits").load(resolution: recipe.resolution())
      let plans = try TrainerBlueprint(
        recipe: recipe, dataset: dataset, models: .recipe, rank: 0, rankCount: 1, threads: 1,
        settings: ReductionSettings()
      ).plans
      let random = plans.all.flatMap(\.graph.nodes).compactMap { $0.operation as? Random }
      let purposes = random.map(\.purpose)
      #expect(Set(purposes).count == purposes.count, "\(purposes)")
      draws = max(draws, purposes.count)
      #expect(purposes.contains(.gradientPenalty))
    }
    // Noise of both steps, R1's, and where the penalty looks.
    #expect(draws == 4)
  }

  @Test("every purpose has a number of its own, and numbers stay")
  func numbers() {
    #expect(Set(RandomPurpose.allCases.map(\.rawValue)).count == RandomPurpose.allCases.count)
    // Checkpoints of old runs go on with the same draws.
    #expect(RandomPurpose.allCases.map(\.rawValue) == Array(1...14))
    #expect(RandomPurpose.gradientPenalty.rawValue == 11 && RandomPurpose.gradientNoise.rawValue == 14)
  }
}
