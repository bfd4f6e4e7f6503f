import Checkpoints
import Communication
import Datasets
import Files
import Kernels
import Logging

/// A whole training in its directory, the same on every rank: with evaluations, checkpoints, health, report; it goes on from
/// the newest checkpoint where there is one.
///
/// What `lockstep train --resume auto` does, for programs that bring a model or data of their own:
///
///     Session.run { communicator, logger in
///       let run = try TrainingRun(recipe, output: RunDirectory("runs/mine"), models: source, on: communicator, logger: logger)
///       _ = try run.run()
///     }
public final class TrainingRun {
  public let trainer: Trainer
  public let coordinator: Coordinator
  /// On rank 0: while it lives, no other run writes there.
  private let lock: RunLock?

  /// - Parameters:
  ///   - dataset: nil for the recipe's.
  ///   - signals: made before MPI starts, where Ctrl-C and time limits are to leave a checkpoint.
  /// - Throws: `SharedFailure` on all ranks where recipe, model, data and directory do not fit.
  public init(
    _ recipe: Recipe, output: RunDirectory, models: ModelSource = .recipe, dataset: Dataset? = nil,
    on communicator: any Communicator, team: ThreadTeam = ThreadTeam(), signals: StopSignals? = nil,
    options: CoordinatorOptions = CoordinatorOptions(), logger: Logger
  ) throws {
    let isFirst = communicator.rank == 0
    lock = try communicator.together {
      guard isFirst else { return nil }
      let lock = try output.create()
      try RecipeFile.write(recipe, to: output.recipe)
      return lock
    }
    let file = try communicator.together { () -> SafetensorsFile? in
      guard isFirst, let file = try ResumePoint.automatic.find(in: output).file else { return nil }
      try CheckpointFormat.check(file)
      if let saved = file.metadata["recipe"] {
        try recipe.checkContinues(Recipe(yaml: saved, origin: "the checkpoint's recipe"))
      }
      return file
    }
    let dataset = try dataset ?? recipe.loadDataset(on: communicator)
    trainer = try Trainer(
      recipe: recipe, dataset: dataset, communicator: communicator, models: models, team: team)
    if try communicator.maximum(of: file == nil ? 0 : 1) == 1 { try trainer.restore(from: file) }
    coordinator = try Coordinator(
      trainer, output: output, resumed: file, signals: signals, options: options, logger: logger)
  }

  /// Trains to the recipe's last iteration, or until asked to stop.
  public func run() throws -> Coordinator.Ending { try coordinator.run() }
}
