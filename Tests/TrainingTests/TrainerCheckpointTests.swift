import Checkpoints
import Communication
import Datasets
import Foundation
import Testing

@testable import Training

@Suite(.serialized) struct TrainerCheckpointTests {
  /// All that a step leaves behind: average, two discriminator steps an iteration, wrong labels, decay.
  private static func recipe(_ more: String...) throws -> Recipe {
    try Recipe(
      yaml: Recipe.embedded(named: "digits-dense").yaml, origin: "",
      settings: ["training.discriminatorSteps=2"] + more)
  }

  private func withPath(_ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.path + "/lockstep-\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  /// Goes on from `file`, if any, to `iteration`; writes a checkpoint to `path`, if any.
  private func run(
    _ recipe: Recipe, ranks: Int, from file: String? = nil, to iteration: Int, path: String? = nil
  ) throws -> Snapshot {
    let dataset = try DatasetSource(recipe.data.source).load(resolution: recipe.resolution())
    return try InProcessCommunicator.run(ranks: ranks) { communicator in
      let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: communicator)
      if let file { try trainer.restore(from: communicator.rank == 0 ? SafetensorsFile(path: file) : nil) }
      while trainer.iteration < iteration { try trainer.runIteration() }
      if let path, communicator.rank == 0 { try trainer.writeCheckpoint(to: path) }
      return Snapshot(trainer)
    }[0]
  }

  @Test("100 iterations equal 60, stop, resume, 40, bit for bit and in all that is kept", arguments: [1, 2])
  func resume(ranks: Int) throws {
    let recipe = try Self.recipe()
    try withPath { halfway in
      try withPath { whole in
        try withPath { resumed in
          let straight = try run(recipe, ranks: ranks, to: 100, path: whole)
          _ = try run(recipe, ranks: ranks, to: 60, path: halfway)
          #expect(try run(recipe, ranks: ranks, from: halfway, to: 100, path: resumed) == straight)
          // Moments, average and counters too.
          #expect(try Data(contentsOf: URL(fileURLWithPath: resumed)) == Data(contentsOf: URL(fileURLWithPath: whole)))
        }
      }
    }
  }

  @Test("a checkpoint between two phases of an iteration goes on bit for bit", arguments: [1, 2])
  func phases(phase: Int) throws {
    let recipe = try Self.recipe()
    let dataset = try DatasetSource("digits").load(resolution: nil)
    try withPath { path in
      let make = { try Trainer(recipe: recipe, dataset: dataset, communicator: SoloCommunicator()) }
      let straight = try make()
      for _ in 0..<3 { try straight.runIteration() }
      for _ in 0..<phase { _ = try straight.runPhase() }
      try straight.writeCheckpoint(to: path)
      let resumed = try make()
      try resumed.restore(from: SafetensorsFile(path: path))
      #expect((resumed.iteration, resumed.phase) == (3, phase))
      #expect(resumed.lastReport == straight.lastReport)
      repeat {
        let outcomes = (try straight.runPhase(), try resumed.runPhase())
        #expect(outcomes.0 == outcomes.1)
      } while straight.iteration < 6
      #expect(Snapshot(resumed) == Snapshot(straight))
      #expect(resumed.lastReport == straight.lastReport)
      #expect(resumed.health.state == straight.health.state)
    }
  }

  @Test("a run goes on with another number of ranks and agrees")
  func otherRanks() throws {
    // Without kinks and at the reference's rate, as in RankAgreementTests.
    let recipe = try RankAgreementTests.variants[0].recipe(seed: 1)
    try withPath { path in
      let straight = try run(recipe, ranks: 2, to: 40)
      _ = try run(recipe, ranks: 2, to: 20, path: path)
      for ranks in [1, 3] {
        let resumed = try run(recipe, ranks: ranks, from: path, to: 40)
        #expect(
          resumed.disagreements(
            with: straight, learningRate: recipe.training.generatorLearningRate, iterations: 20) == [])
      }
    }
  }

  @Test("the checkpoint of another network is refused by the tensor that does not fit, on all ranks")
  func otherModel() throws {
    try withPath { path in
      _ = try run(Self.recipe(), ranks: 1, to: 1, path: path)
      let wider = try Self.recipe("model.generator.hiddenBefore=[64]")
      let failure = #expect(throws: SharedFailure.self) { try run(wider, ranks: 2, from: path, to: 1) }
      #expect(failure?.failure.code == .data)
      #expect(failure?.failure.description.contains("generator/before1/kernel is F32") == true)
    }
  }

  @Test("a resumed recipe may change what does not touch the training, and nothing else")
  func changedRecipe() throws {
    let saved = try Self.recipe()
    for free in ["training.iterations=9", "evaluation.every=3", "checkpoint.keep=9", "log.everySeconds=0", "name=x"] {
      try Self.recipe(free).checkContinues(saved)
    }
    let failure = #expect(throws: Failure.self) {
      try Self.recipe("training.batchSize=32", "seed=9").checkContinues(saved)
    }
    #expect(failure?.code == .configuration)
    #expect(failure?.description.contains("seed: 1 there, 9 here; training.batchSize: 64 there, 32 here") == true)
  }
}
