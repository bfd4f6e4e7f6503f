import Clocks
import Communication
import Foundation
import Logging
import Testing

@testable import Training

/// A run as a program of one's own makes it.
@Suite(.serialized) struct TrainingRunTests {
  /// - Returns: the recipe that the run ended with, and the share of its rates that the last iteration had.
  private func train(
    _ iterations: Int, in path: String, spreadsDecay: Bool = false, ranks: Int = 1, seconds: Double? = nil
  ) throws -> [(recipe: Recipe, share: Double)] {
    let recipe = try recipe(
      "digits-dense", "training.iterations=\(iterations)", "training.learningRateDecay=linear", "evaluation.every=0",
      "evaluation.classifierIterations=0", "checkpoint.every=0")
    return try InProcessCommunicator.run(ranks: ranks) { communicator in
      var options = CoordinatorOptions()
      options.showsProgress = false
      options.duration = seconds.map { TrainingDuration(seconds: $0, start: SystemClock.monotonic.seconds) }
      var guards = TrainingRun.Guards()
      (guards.stallTimeoutSeconds, guards.keepsTimeLimit) = (nil, false)
      let run = try TrainingRun(
        recipe, output: RunDirectory(path), spreadsDecay: spreadsDecay, on: communicator, options: options,
        guards: guards, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      #expect(try run.run() == .finished)
      let trainer = run.trainer
      return (trainer.recipe, trainer.recipe.learningRateFactor(iteration: trainer.iteration - 1))
    }
  }

  @Test("going on keeps the rate where it ended on every rank, and spreads the decay where that is asked for")
  func decay() throws {
    let path = FileManager.default.temporaryDirectory.path + "/lockstep-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(try abs(train(10, in: path)[0].share - 0.1) < 1e-12)
    for ended in try train(20, in: path, ranks: 2) {
      #expect(ended.recipe.training.learningRateIterations == 10)
      #expect(abs(ended.share - 0.1) < 1e-12)
    }
    let spread = try train(40, in: path, spreadsDecay: true)[0]
    #expect(spread.recipe.training.learningRateIterations == nil)
    #expect(abs(spread.share - 1 / 40.0) < 1e-12)
  }

  @Test("the watchdog of a run ends with it, whether it is made, runs or fails, and not the program's own work")
  func ownWork() throws {
    let path = FileManager.default.temporaryDirectory.path + "/lockstep-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let small = [
      "training.iterations=3", "evaluation.every=0", "evaluation.classifierIterations=0", "checkpoint.every=0",
    ]
    let good = try recipe("digits-dense", small[0], small[1], small[2], small[3])
    var bad = good
    bad.data.source = "npz:nowhere.npz"
    // Should one of them stay, this process ends with 70.
    let communicator = SoloCommunicator()
    var options = CoordinatorOptions()
    options.showsProgress = false
    var guards = TrainingRun.Guards()
    (guards.stallTimeoutSeconds, guards.keepsTimeLimit) = (0.1, false)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    #expect(throws: (any Error).self) {
      _ = try TrainingRun(bad, output: RunDirectory(path), on: communicator, guards: guards, logger: logger)
    }
    #expect(!communicator.pulse.isWatched)
    let run = try TrainingRun(
      good, output: RunDirectory(path), on: communicator, options: options, guards: guards, logger: logger)
    #expect(!communicator.pulse.isWatched)
    usleep(1_500_000)
    #expect(try run.run() == .finished)
    #expect(!communicator.pulse.isWatched)
    usleep(1_500_000)
  }

  @Test("a run for a time ends with one number of iterations on every rank", arguments: [1, 3])
  func time(ranks: Int) throws {
    let path = FileManager.default.temporaryDirectory.path + "/lockstep-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let ended = try train(7, in: path, ranks: ranks, seconds: 1)
    #expect(Set(ended.map(\.recipe.yaml)).count == 1)
    let iterations = ended[0].recipe.training.iterations
    #expect(iterations > 7)
    #expect(abs(ended[0].share - 1 / Double(iterations)) < 1e-12)
  }
}
