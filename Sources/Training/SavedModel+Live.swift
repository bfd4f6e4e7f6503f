import Checkpoints
import Communication
import Evaluation
import Graphs
import Layers
import Tensors

extension SavedModel {
  /// Takes the generator as training has it in place of its average, and measures the norm statistics of that.
  ///
  /// - Parameter path: as it was loaded from.
  /// - Throws: `SharedFailure` on all ranks; where the run has written a newer checkpoint meanwhile, too.
  func useLiveParameters(path: String, communicator: any Communicator) throws {
    guard recipe.training.averageDecay != nil else { return }
    let networks = programs.networks
    let size = model.conditionSize
    let conditions = StateBlock(name: "measuring conditions", count: EvaluationPrograms.measuredSamples * size)
    conditions.allocate()
    try communicator.together {
      guard communicator.rank == 0 else { return }
      guard let file = try ResumePoint.path(path).find(in: RunDirectory(path)).file,
        file.metadata["iteration"] == String(iteration)
      else { throw Failure("\(path): the run goes on meanwhile; name a checkpoint of it", code: .noInput) }
      for table in [networks.generator, networks.generatorVectors.table] {
        for entry in table.entries {
          let target = UnsafeMutableRawBufferPointer(table.slice(entry, of: table.values))
          try file.read(entry.name, shape: entry.shape, into: target)
        }
      }
      if !programs.standing.isEmpty {
        try file.read(
          Trainer.measuringConditionsName, shape: [EvaluationPrograms.measuredSamples, size],
          into: UnsafeMutableRawBufferPointer(conditions.values))
      }
    }
    for block in [networks.generator.values, networks.generatorVectors.values, conditions] {
      try communicator.broadcast(UnsafeMutableRawBufferPointer(block.values), from: 0)
    }
    try programs.refresh(measuringConditions: conditions)
  }
}
