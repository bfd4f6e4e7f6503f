import Checkpoints
import Communication
import Datasets
import Graphs
import Kernels
import Layers
import Optimization
import Tensors

// A checkpoint is one file that holds everything a resume needs, whatever the number of ranks: all ranks hold the same
// state, rank 0 writes and reads it.

/// The layout of checkpoints.
public enum CheckpointFormat {
  /// Version that is written; older ones stay readable. 2: places within an iteration, health, statistics on demand.
  /// 3: layout and class names as JSON.
  public static let version = CheckpointPosition.newestFormat

  /// - Throws: `Failure` where a file is none of Lockstep's, or of a newer version.
  public static func check(_ file: SafetensorsFile) throws {
    guard file.metadata["format"] == "lockstep", let text = file.metadata["formatVersion"], let found = Int(text) else {
      throw Failure(
        "\(file.path): no checkpoint of lockstep: its metadata do not say so; name another file", code: .data)
    }
    guard found <= version else {
      throw Failure(
        "\(file.path): format \(found) is newer than this program, which knows formats up to \(version); "
          + "use the version that wrote it, or a newer one", code: .data)
    }
  }
}

extension CheckpointFormat {
  /// What the run of a checkpoint has made of its data, on all ranks; nil where there is no checkpoint.
  ///
  /// - Parameter file: on rank 0.
  public static func samples(of file: SafetensorsFile?, on communicator: any Communicator) throws -> SampleDescription?
  {
    let description = file.map { SampleDescription(metadata: $0.metadata) ?? SampleDescription() }
    return SampleDescription(json: try communicator.broadcast(text: description?.json ?? ""))
  }

  /// The recipe of a checkpoint; nil where it has none. Runs of the first two formats did not turn pictures as EXIF says.
  public static func recipe(of file: SafetensorsFile) -> String? {
    guard let text = file.metadata["recipe"] else { return nil }
    guard ["1", "2"].contains(file.metadata["formatVersion"]),
      let recipe = try? Recipe(yaml: text, origin: ""), recipe.data.source.hasPrefix("folder:"),
      let upright = try? Recipe(yaml: text, origin: "", settings: ["data.orient=false"])
    else { return text }
    return upright.yaml
  }
}

extension Trainer {
  /// The tensor of the conditions that norm statistics are measured under.
  static let measuringConditionsName = "measuring/conditions"

  /// The state blocks of a network under the names that a file gives them.
  private var blocks: [(prefix: String, table: ParameterTable, block: StateBlock)] {
    [generator, discriminator].flatMap { network in
      [
        ("", network.parameters, network.parameters.values),
        ("", network.spectral.table, network.spectral.values),
        ("adam/firstMoment/", network.parameters, network.firstMoment),
        ("adam/secondMoment/", network.parameters, network.secondMoment),
      ] + (network.average.map { [("average/", network.parameters, $0)] } ?? [])
    }
  }

  /// Everything that a checkpoint of now holds; to be written or copied before the next phase runs.
  ///
  /// `generator/…` and `discriminator/…` are the parameters; `average/generator/…` the moving average that samples come
  /// from; `adam/firstMoment/…` and `adam/secondMoment/…` the optimiser's; `…/u` and `…/v` the singular vectors of
  /// normalised weights. What sampling needs beside is a function of these: `…/statistics` are there where they have just
  /// been measured, `measuring/conditions` say under which conditions they can be.
  ///
  /// - Precondition: no update is pending.
  func checkpointTensors() -> [StoredTensor] {
    precondition(!isUpdatePending, "an update is still to come")
    let isFresh = refreshedAt == iteration && phase == 0
    let tensors = (blocks + (isFresh ? evaluation.derivedState : [])).flatMap { prefix, table, block in
      table.entries.map { entry in
        StoredTensor(prefix + entry.name, entry.shape, .float32, UnsafeRawBufferPointer(table.slice(entry, of: block)))
      }
    }
    guard let conditions = evaluation.measuringConditions(conditions) else { return tensors }
    return tensors + [
      StoredTensor(
        Self.measuringConditionsName, [conditions.count / model.conditionSize, model.conditionSize], .float32,
        UnsafeRawBufferPointer(conditions.values))
    ]
  }

  /// How much a checkpoint holds.
  public var stateByteCount: Int { checkpointTensors().reduce(0) { $0 + $1.bytes.count } }

  /// What a checkpoint of now says about itself.
  func checkpointMetadata() -> [String: String] {
    let report = lastReport
    return [
      "format": "lockstep", "formatVersion": String(CheckpointFormat.version), "recipe": recipe.yaml,
      "iteration": String(iteration), "phase": String(phase), "generatorUpdates": String(generator.updateCount),
      "discriminatorUpdates": String(discriminator.updateCount), "data": dataFingerprint,
      "imageShape": model.imageShape.dimensions.map(String.init).joined(separator: "×"),
      SampleDescription.metadataKey: dataset.sampleDescription.json,
      "conditionSize": String(model.conditionSize), "health": health.state.text,
      "isHealthy": String(health.isHealthy),
      "report": [report.discriminatorLoss, report.generatorLoss, report.realAccuracy, report.fakeAccuracy]
        .map { String($0.bitPattern, radix: 16) }.joined(separator: " "),
    ].merging(summationOrder) { $1 }.merging(models.name.map { ["model": $0] } ?? [:]) { $1 }
      .merging(lineage.text.map { [RunLineage.key: $0] } ?? [:]) { $1 }
  }

  /// Which checkpoints are of this run; rank 0's.
  var lineage: RunLineage {
    RunLineage(recipe: recipe, data: dataFingerprint, model: models.name, ancestors: ancestors)
  }

  /// What the order of additions depends on, and so the last bits of a run.
  private var summationOrder: [String: String] {
    [
      "ranks": String(communicator.size), "ranksOnNode": String(communicator.nodeSize), "threads": String(threads),
      "kernels": StartUp.kernels, "communication": settings.description,
    ]
  }

  /// How the run that wrote `file` summed its gradients, if it did so over ranks that lie as these do.
  public static func reduction(of file: SafetensorsFile, on communicator: any Communicator) -> String? {
    guard file.metadata["ranks"] == String(communicator.size),
      file.metadata["ranksOnNode"] == String(communicator.nodeSize)
    else { return nil }
    return file.metadata["communication"]
  }

  /// Why going on from `file` cannot give the bits that the run would have had; nil where it can.
  public func differenceInOrder(from file: SafetensorsFile) -> String? {
    // The first version knew neither nodes nor kernels.
    let different = summationOrder.filter { key, now in file.metadata[key].map { $0 != now } ?? false }
    guard !different.isEmpty else { return nil }
    let listed = different.sorted { $0.key < $1.key }.map {
      "\($0.key): \(file.metadata[$0.key] ?? "") then, \($0.value) now"
    }
    return listed.joined(separator: "; ")
  }

  /// Writes the state as it is, whole or not at all. Rank 0 only.
  func writeCheckpoint(to path: String) throws {
    try SafetensorsFile.write(to: path, tensors: checkpointTensors(), metadata: checkpointMetadata())
  }

  /// Takes over the state of a checkpoint: rank 0 reads `file`, all ranks receive it.
  ///
  /// - Parameter file: on rank 0; nil elsewhere.
  /// - Throws: on all ranks when rank 0 finds that the file does not fit this model.
  public func restore(from file: SafetensorsFile?) throws {
    // What is under way no longer matters, but must have ended.
    _ = try takeSettled()
    var counters: [Int64] = [0, 0, 0, 0]
    var words = ""
    try communicator.together {
      guard let file else { return }
      try CheckpointFormat.check(file)
      try models.check(file.metadata["model"], in: file.path)
      if let saved = file.metadata["data"], saved != dataFingerprint {
        throw Failure(
          "\(file.path): it was trained on other images (\(saved) there, \(dataFingerprint) here); "
            + "a run goes on with its own data, wherever they lie"
            + (dataset.name == "folder"
              ? "; where these are its files, an older version may have read them: it turned none as EXIF says (--set "
                + "data.orient=false --allow-change data.orient), and put classes called 10 before 2"
              : ""),
          code: .configuration)
      }
      counters = try ["iteration", "phase", "generatorUpdates", "discriminatorUpdates"].map { key in
        // The first version knew places between iterations only.
        if key == "phase", file.metadata[key] == nil { return 0 }
        guard let number = file.metadata[key].flatMap(Int64.init), number >= 0 else {
          throw Failure("\(file.path): its metadata have no \(key); it is no checkpoint of lockstep", code: .data)
        }
        return number
      }
      guard counters[1] <= recipe.training.discriminatorSteps else {
        throw Failure(
          "\(file.path): it lies \(counters[1]) phases into an iteration, which has \(recipe.training.discriminatorSteps) "
            + "discriminator steps now; go on from a checkpoint between iterations", code: .configuration)
      }
      words = [file.metadata["health"] ?? "", file.metadata["report"] ?? ""].joined(separator: "\n")
      // Last: until here nothing has been touched.
      for (prefix, table, block) in blocks where !isBegun(prefix, table, in: file) {
        for entry in table.entries {
          try file.read(
            prefix + entry.name, shape: entry.shape,
            into: UnsafeMutableRawBufferPointer(table.slice(entry, of: block)))
        }
      }
      begin(from: file)
      if let saved = RunLineage(file) {
        var lineage = lineage
        lineage.descend(from: saved)
        ancestors = lineage.ancestors
      }
    }
    counters = try communicator.broadcast(counters, from: 0)
    (iteration, phase) = (Int(counters[0]), Int(counters[1]))
    (generator.updateCount, discriminator.updateCount) = (Int(counters[2]), Int(counters[3]))
    restoreWords(try communicator.broadcast(text: words))
    refreshedAt = nil
    for (_, _, block) in blocks {
      try communicator.broadcast(UnsafeMutableRawBufferPointer(block.values), from: 0)
    }
  }

  /// Whether a block is begun from the parameters, since another recipe kept none: the moving average, and the singular
  /// vectors of weights that were not normalised.
  private func isBegun(_ prefix: String, _ table: ParameterTable, in file: SafetensorsFile) -> Bool {
    let canBegin = prefix == "average/" || [generator, discriminator].contains { $0.spectral.table === table }
    return canBegin && !table.entries.isEmpty && !table.entries.contains { file.contains(prefix + $0.name) }
  }

  /// Begins what `file` does not hold from its parameters; rank 0, once they have been read.
  private func begin(from file: SafetensorsFile) {
    for network in [generator, discriminator] {
      if isBegun("", network.spectral.table, in: file) {
        network.spectral.start(parameters: network.parameters.values, seed: UInt64(recipe.seed))
      }
      if isBegun("average/", network.parameters, in: file) { network.startAverage() }
    }
  }

  /// What a changed recipe has added to the state that `file` holds, or dropped from it, a sentence each.
  public func stateChanges(from file: SafetensorsFile) -> [String] {
    var found: [String] = []
    if generator.average != nil, isBegun("average/", generator.parameters, in: file) {
      found.append("the moving average starts now, from the generator's weights: the checkpoint has none")
    }
    if generator.average == nil, file.names.contains(where: { $0.hasPrefix("average/") }) {
      found.append("the checkpoint's moving average is dropped: samples come from the live generator from now on")
    }
    for network in [generator, discriminator] {
      let name = network.parameters.name
      if isBegun("", network.spectral.table, in: file) {
        found.append("the \(name)'s weights are normalised from now on, their singular vectors found anew")
      } else if network.spectral.isEmpty,
        file.names.contains(where: { $0.hasPrefix(name + "/") && ($0.hasSuffix("/u") || $0.hasSuffix("/v")) })
      {
        found.append("the \(name)'s weights are no longer normalised: their singular vectors are dropped")
      }
    }
    return found
  }

  /// Health and reports, a line each.
  private func restoreWords(_ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    health.state = HealthMonitor.State(text: lines.first.map(String.init) ?? "")
    let numbers = (lines.dropFirst().first ?? "").split(separator: " ").compactMap {
      UInt32($0, radix: 16).map(Float.init(bitPattern:))
    }
    guard numbers.count == 4 else {
      lastReport = IterationReport()
      return
    }
    lastReport = IterationReport(
      discriminatorLoss: numbers[0], generatorLoss: numbers[1], realAccuracy: numbers[2], fakeAccuracy: numbers[3])
  }
}
