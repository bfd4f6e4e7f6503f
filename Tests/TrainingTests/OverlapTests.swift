import Communication
import Datasets
import Testing

@testable import Training

/// An update that waits for its gradients beneath the next phase, against one that is made at once.
@Suite(.serialized) struct OverlapTests {
  private struct Course: Sendable, Equatable {
    var snapshot: Snapshot
    var outcomes: [PhaseOutcome] = []
    var reports: [IterationReport] = []
    var health: String
  }

  /// - Parameter settlesEvery: one rank looks at the state after so many phases.
  private func train(
    _ recipe: Recipe, _ text: String, ranks: Int, overlapping: Bool, settlesEvery: Int? = nil
  ) throws -> [Course] {
    let settings = try #require(ReductionSettings(text))
    let dataset = try DatasetSource(recipe.data.source).load(resolution: recipe.resolution())
    return try InProcessCommunicator.run(ranks: ranks) { communicator in
      let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: communicator, settings: settings)
      var course = Course(snapshot: Snapshot(trainer), health: "")
      func add(_ outcome: PhaseOutcome?) {
        guard let outcome else { return }
        course.outcomes.append(outcome)
        if outcome.phase == 0 { course.reports.append(trainer.lastReport) }
      }
      while trainer.iteration < 8 {
        let outcomes = try trainer.runPhase(overlapping: overlapping)
        add(outcomes.earlier)
        add(outcomes.own)
        if let settlesEvery, communicator.rank == 0, course.outcomes.count % settlesEvery == 0 {
          try trainer.settle()
          #expect(!trainer.isUpdatePending)
        }
      }
      add(try trainer.takeSettled())
      course.snapshot = Snapshot(trainer)
      course.health = trainer.health.state.text
      return course
    }
  }

  static let ways = ["nodes", "nodes,bucket=4096", "nodes,bucket=4096,inflight=1,split", "nodes,split"]

  @Test("both give the same bits, outcomes, reports and health", arguments: ways, [1, 2, 3])
  func dense(way: String, ranks: Int) throws {
    let recipe = try recipe("digits-dense", "training.batchSize=12", "training.discriminatorSteps=2")
    let sequential = try train(recipe, way, ranks: ranks, overlapping: false)
    #expect(sequential[0].outcomes.count == 24)
    for settlesEvery in [nil, 1, 5] {
      let overlapped = try train(recipe, way, ranks: ranks, overlapping: true, settlesEvery: settlesEvery)
      // Reports of a rank that settles come when it does: a phase earlier, with the same numbers.
      for (a, b) in zip(overlapped, sequential) {
        #expect(a.snapshot == b.snapshot)
        #expect(a.outcomes == b.outcomes)
        #expect(a.health == b.health)
        if settlesEvery == nil { #expect(a.reports == b.reports) }
      }
    }
  }

  @Test("so with batch statistics, spectral norms and attention", arguments: ["nodes,bucket=4096,split", "nodes"])
  func sagan(way: String) throws {
    for extra in ["training.r1Weight=1", "training.discriminatorSteps=1"] {
      let recipe = try SAGANRankAgreementTests.Variant("", extra).recipe(seed: 3)
      let sequential = try train(recipe, way, ranks: 2, overlapping: false)
      #expect(try train(recipe, way, ranks: 2, overlapping: true) == sequential)
    }
  }

  @Test("two passes of the discriminator agree with one, up to rounding", arguments: [1, 2])
  func split(ranks: Int) throws {
    let recipe = try RankAgreementTests.variants[0].recipe(seed: 1)
    let joined = try train(recipe, "nodes", ranks: ranks, overlapping: false)[0].snapshot
    let split = try train(recipe, "nodes,split", ranks: ranks, overlapping: false)[0].snapshot
    #expect(split != joined)
    #expect(
      split.disagreements(with: joined, learningRate: recipe.training.generatorLearningRate, iterations: 8) == [])
  }

  @Test("only what an update leaves alone runs before it")
  func early() throws {
    let dataset = try DatasetSource("digits").load(resolution: nil)
    for (way, early) in [("nodes", false), ("nodes,split", true)] {
      let trainer = try Trainer(
        recipe: recipe("digits-dense"), dataset: dataset, communicator: SoloCommunicator(),
        settings: #require(ReductionSettings(way)))
      #expect(trainer.programs.generator.startsEarly)
      #expect(trainer.programs.discriminator.startsEarly == early)
    }
  }

  @Test("a stop reaches all ranks with the phase after, and a state that is whole")
  func stop() throws {
    let recipe = try recipe("digits-dense", "training.batchSize=12")
    let dataset = try DatasetSource(recipe.data.source).load(resolution: recipe.resolution())
    let stopped = try InProcessCommunicator.run(ranks: 2) { communicator in
      let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: communicator)
      var phases = 0
      while true {
        if phases == 3, communicator.rank == 1 { trainer.stopRequest = .requeue }
        let outcomes = try trainer.runPhase(overlapping: true)
        phases += 1
        if outcomes.stop != nil { break }
      }
      _ = try trainer.takeSettled()
      return phases
    }
    #expect(stopped == [5, 5])
  }
}
