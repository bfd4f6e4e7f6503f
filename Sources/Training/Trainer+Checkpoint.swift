import Checkpoints
import Communication
import Graphs
import Layers
import Optimization
import Tensors

// A checkpoint is one file that holds everything a resume needs, whatever the number of ranks: all ranks hold the same
// state, rank 0 writes and reads it.

extension Trainer {
  /// Version of the file's layout; older versions stay readable.
  static let formatVersion = 1

  /// The state blocks of a network under the names that a file gives them.
  private var blocks: [(prefix: String, table: ParameterTable, block: StateBlock)] {
    [generator, discriminator].flatMap { network in
      [
        ("", network.parameters, network.parameters.values),
        ("", network.spectral.table, network.spectral.values),
        ("adam/firstMoment/", network.parameters, network.firstMoment),
        ("adam/secondMoment/", network.parameters, network.secondMoment),
      ] + (network.average.map { [("average/", network.parameters, $0)] } ?? [])
    } + evaluation.derivedState
  }

  /// Writes the state after `iteration` iterations, whole or not at all. Rank 0 only.
  ///
  /// Tensors: `generator/…` and `discriminator/…` are the parameters; `average/generator/…` the moving average that
  /// samples come from; `adam/firstMoment/…` and `adam/secondMoment/…` the optimiser's; `…/u` and `…/v` the singular
  /// vectors of normalised weights; `…/statistics` what batch norms use for sampling.
  ///
  /// - Precondition: `refreshEvaluation` was called for this iteration.
  func writeCheckpoint(to path: String) throws {
    let tensors = blocks.flatMap { prefix, table, block in
      table.entries.map { entry in
        StoredTensor(prefix + entry.name, entry.shape, .float32, UnsafeRawBufferPointer(table.slice(entry, of: block)))
      }
    }
    try SafetensorsFile.write(
      to: path, tensors: tensors,
      metadata: [
        "format": "lockstep", "formatVersion": String(Self.formatVersion), "recipe": recipe.yaml,
        "iteration": String(iteration), "generatorUpdates": String(generator.updateCount),
        "discriminatorUpdates": String(discriminator.updateCount), "ranks": String(communicator.size),
        "threads": String(threads),
        "data": dataFingerprint,
        "imageShape": model.imageShape.dimensions.map(String.init).joined(separator: "×"),
        "conditionSize": String(model.conditionSize),
      ])
  }

  /// Takes over the state of a checkpoint: rank 0 reads `file`, all ranks receive it.
  ///
  /// - Parameter file: on rank 0; nil elsewhere.
  /// - Throws: on all ranks when rank 0 finds that the file does not fit this model.
  public func restore(from file: SafetensorsFile?) throws {
    var counters: [Int64] = [0, 0, 0]
    try communicator.together {
      guard let file else { return }
      if let saved = file.metadata["data"], saved != dataFingerprint {
        throw Failure(
          "\(file.path): it was trained on other images (\(saved) there, \(dataFingerprint) here); "
            + "a run goes on with its own data, wherever they lie", code: .configuration)
      }
      for (prefix, table, block) in blocks {
        for entry in table.entries {
          try file.read(
            prefix + entry.name, shape: entry.shape,
            into: UnsafeMutableRawBufferPointer(table.slice(entry, of: block)))
        }
      }
      counters = try ["iteration", "generatorUpdates", "discriminatorUpdates"].map { key in
        guard let number = file.metadata[key].flatMap(Int64.init), number >= 0 else {
          throw Failure("\(file.path): its metadata have no \(key); it is no checkpoint of lockstep", code: .data)
        }
        return number
      }
    }
    counters = try communicator.broadcast(counters, from: 0)
    iteration = Int(counters[0])
    generator.updateCount = Int(counters[1])
    discriminator.updateCount = Int(counters[2])
    for (_, _, block) in blocks {
      try communicator.broadcast(UnsafeMutableRawBufferPointer(block.values), from: 0)
    }
  }
}
