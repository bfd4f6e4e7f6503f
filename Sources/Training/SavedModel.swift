import Checkpoints
import Communication
import Datasets
import Evaluation
import Graphs
import Kernels
import Layers
import Models
import Programs
import Tensors

/// A trained model from a checkpoint, ready to sample and to judge; needs no data.
public final class SavedModel {
  public let recipe: Recipe
  public let model: any ConditionalModel
  public let programs: EvaluationPrograms
  /// Iterations that the model was trained for.
  public let iteration: Int
  /// What the numbers of a sample and of its condition stand for.
  public let layout: SampleLayout
  /// Empty where the checkpoint does not tell.
  public let classNames: [String]
  /// On rank 0: which newer checkpoints were skipped, and why.
  public let warnings: [String]

  /// Loads a run directory's newest whole checkpoint, or a checkpoint file. Rank 0 reads, all ranks receive.
  ///
  /// - Throws: `SharedFailure` on all ranks.
  /// - Parameter models: as the run had them.
  public init(
    path: String, communicator: any Communicator, models: ModelSource = .recipe, team: ThreadTeam = ThreadTeam()
  ) throws {
    var file: SafetensorsFile?
    var header: [UInt8] = []
    var samples = ""
    var warnings: [String] = []
    try communicator.together {
      guard communicator.rank == 0 else { return }
      let newest = try ResumePoint.path(path).find(in: RunDirectory(path))
      let found = newest.file
      warnings = newest.warnings
      if let found { try CheckpointFormat.check(found) }
      guard let found, let recipe = CheckpointFormat.recipe(of: found), let shape = found.metadata["imageShape"],
        let size = found.metadata["conditionSize"], let iteration = found.metadata["iteration"]
      else { throw Failure("\(path): no checkpoint of lockstep: its metadata lack the recipe", code: .data) }
      try models.check(found.metadata["model"], in: path)
      file = found
      header = Array("\(shape)\n\(size)\n\(iteration)\n\(recipe)".utf8)
      guard let description = SampleDescription(metadata: found.metadata) else {
        throw Failure(
          "\(path): the checkpoint's metadata are damaged: \(SampleDescription.metadataKey) is no description of samples",
          code: .data)
      }
      samples = description.json
    }
    let text = try communicator.broadcast(text: String(decoding: header, as: UTF8.self))
    let (recipe, imageShape, conditionSize, iteration) = try communicator.together {
      let parts = text.split(separator: "\n", maxSplits: 3, omittingEmptySubsequences: false)
      let dimensions = parts[0].split(separator: "×").compactMap { Int($0) }
      guard parts.count == 4, dimensions.count == 3, dimensions.allSatisfy({ (1...4096).contains($0) }),
        let size = Int(parts[1]), (1...65_536).contains(size), let iteration = Int(parts[2])
      else { throw Failure("\(path): the checkpoint's metadata are damaged", code: .data) }
      return (try Recipe(yaml: String(parts[3]), origin: "\(path): recipe"), Shape(dimensions), size, iteration)
    }
    self.recipe = recipe
    self.iteration = iteration
    self.warnings = warnings
    let description = SampleDescription(json: try communicator.broadcast(text: samples)) ?? SampleDescription()
    (layout, classNames) = (description.layout, description.classNames)
    let request = ModelSource.Request(
      recipe: recipe, imageShape: imageShape, conditionSize: conditionSize, kind: layout.kind)
    model = try communicator.together {
      do { return try models.make(request) } catch {
        throw Failure("\(path): its model cannot be built: \(error)", code: .data)
      }
    }

    // Samples come from the average where there is one: load it in place of the live parameters.
    let generator = ParameterTable(name: "generator")
    let discriminator = ParameterTable(name: "discriminator")
    let generatorVectors = SpectralVectors(name: "generator")
    let discriminatorVectors = SpectralVectors(name: "discriminator")
    let graphs = try EvaluationGraphs(
      EvaluatedNetworks(
        model: model, generator: generator, generatorVectors: generatorVectors, average: nil,
        discriminator: discriminator, discriminatorVectors: discriminatorVectors),
      seed: UInt64(recipe.seed), threads: team.count)
    let parameters = [generator, generatorVectors.table, discriminator, discriminatorVectors.table]
    let prefix = recipe.training.averageDecay == nil ? "" : "average/"
    // Before memory is taken for it: a model that the file does not hold can be of any size.
    try communicator.together {
      guard let file else { return }
      for (table, prefix) in [(generator, prefix), (discriminator, "")] {
        for entry in table.entries where try file.shape(of: prefix + entry.name) != entry.shape {
          throw Failure("\(path): tensor \(prefix + entry.name) is no \(entry.shape), as its recipe says", code: .data)
        }
      }
    }
    for table in parameters { table.values.allocate() }
    programs = EvaluationPrograms(graphs, arena: Arena(plans: graphs.plans), communicator: communicator, team: team)
    let standing = graphs.standing.table
    let conditions = StateBlock(name: "measuring conditions", count: EvaluationPrograms.measuredSamples * conditionSize)
    conditions.allocate()
    let isMeasured = try communicator.together {
      guard let file else { return false }
      let read = { (table: ParameterTable, prefix: String) in
        for entry in table.entries {
          let target = UnsafeMutableRawBufferPointer(table.slice(entry, of: table.values))
          try file.read(prefix + entry.name, shape: entry.shape, into: target)
        }
      }
      let hasAverageVectors = generatorVectors.table.entries.first.map { file.contains(prefix + $0.name) } ?? true
      let isMeasured = hasAverageVectors && standing.entries.allSatisfy { file.contains($0.name) }
      for (table, prefix) in zip(parameters, [prefix, isMeasured ? prefix : "", "", ""]) { try read(table, prefix) }
      if isMeasured {
        try read(standing, "")
      } else if !standing.entries.isEmpty {
        try file.read(
          Trainer.measuringConditionsName, shape: [EvaluationPrograms.measuredSamples, conditionSize],
          into: UnsafeMutableRawBufferPointer(conditions.values))
      }
      return isMeasured
    }
    for block in parameters.map(\.values) + [standing.values, conditions] {
      try communicator.broadcast(UnsafeMutableRawBufferPointer(block.values), from: 0)
    }
    guard try communicator.maximum(of: isMeasured ? 1 : 0) == 0 else { return }
    // What the run had no time to measure.
    if recipe.training.averageDecay != nil {
      generatorVectors.warmUp(generatorVectors.values, parameters: generator.values, iterations: 10)
    }
    try programs.refresh(measuringConditions: conditions)
  }
}

extension Communicator {
  /// The text of rank 0, on all ranks.
  public func broadcast(text: String) throws -> String {
    let length = try broadcast([Int64(text.utf8.count)], from: 0)[0]
    let bytes = rank == 0 ? Array(text.utf8) : [UInt8](repeating: 0, count: Int(length))
    return String(decoding: try broadcast(bytes, from: 0), as: UTF8.self)
  }
}
