import Checkpoints
import Communication
import Exporting
import Files
import Layers
import Optimization
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A network that weights are imported into.
public enum ImportedNetwork: String, Sendable, CaseIterable { case generator, discriminator }

extension Trainer {
  /// Takes over weights that another program, or another run, has trained; rank 0 alone, in a training that has not begun.
  ///
  /// Singular vectors come from the file where it has all of a network's, else they are started for the weights; the average
  /// starts as the weights.
  ///
  /// - Parameters:
  ///   - path: an npz or safetensors file.
  ///   - map: the path of a name map, where names differ.
  ///   - networks: those that come from the file; the others start from the recipe's seed.
  /// - Throws: `Failure` listing everything that does not fit; nothing is changed then.
  public func takeWeights(from path: String, map: String?, networks: [ImportedNetwork]) throws {
    precondition(iteration == 0 && phase == 0, "weights for a training of \(iteration) iterations")
    let file = try WeightsFile(path: path)
    let names = try map.map { try NameMap(yaml: RecipeFile.text(of: $0), origin: $0) } ?? NameMap()
    var matching = WeightMatching(file: file, map: names)
    try refuseMissing(networks, of: file, names)
    var found: [(network: NetworkState, parameters: [NamedTensor], vectors: [NamedTensor])] = []
    for network in states(networks) {
      let vectors = network.spectral.table.entries
      let hasVectors = !vectors.isEmpty && matching.contains(vectors)
      found.append(
        (network, try matching.find(network.parameters.entries), hasVectors ? try matching.find(vectors) : []))
    }
    let derived = Set(
      (states(networks).flatMap { $0.spectral.table.entries } + evaluation.standing.table.entries).map(\.name))
    let others = ImportedNetwork.allCases.filter { !networks.contains($0) }.map { $0.rawValue + "/" }
    try matching.finish(known: Set(states(networks).flatMap { $0.parameters.entries.map(\.name) }).union(derived)) {
      name in
      // What follows from the weights, what belongs to a network that is not asked for, and in a checkpoint what
      // belongs to its training.
      derived.contains(name) || derived.contains { NamedTensor.npzName(of: $0) == name }
        || others.contains { name.hasPrefix($0) || name.hasPrefix(NamedTensor.npzName(of: $0)) }
        || file.isOurs && ["adam/", "average/", "measuring/"].contains { name.hasPrefix($0) }
    }
    guard matching.problems.isEmpty else {
      throw Failure(
        "\(path) does not fit the recipe \(recipe.name): \(matching.problems.joined(separator: "; ")); name tensors in "
          + "--map, or choose the recipe that the weights are of", code: .data)
    }
    for (network, parameters, vectors) in found {
      Self.write(parameters, to: network.parameters)
      network.spectral.start(parameters: network.parameters.values, seed: UInt64(recipe.seed))
      Self.write(vectors, to: network.spectral.table)
      network.startAverage()
    }
  }

  /// One of two networks that the file has nothing of is not worth a list.
  private func refuseMissing(_ networks: [ImportedNetwork], of file: WeightsFile, _ map: NameMap) throws {
    let present = networks.filter { network in
      let prefix = network.rawValue + "/"
      return map.sources.keys.contains { $0.hasPrefix(prefix) }
        || file.names.contains { $0.hasPrefix(prefix) || $0.hasPrefix(NamedTensor.npzName(of: prefix)) }
    }
    guard networks.count == 2, present.count == 1,
      let missing = networks.first(where: { !present.contains($0) })
    else { return }
    throw Failure(
      "\(file.path) has nothing of the \(missing.rawValue); --network \(present[0].rawValue) takes the other one alone, and "
        + "starts this one from the seed", code: .data)
  }

  private func states(_ networks: [ImportedNetwork]) -> [NetworkState] {
    networks.map { network in
      switch network {
      case .generator: generator
      case .discriminator: discriminator
      }
    }
  }

  private static func write(_ tensors: [NamedTensor], to table: ParameterTable) {
    for (entry, tensor) in zip(table.entries, tensors) {
      _ = table.slice(entry, of: table.values).update(fromContentsOf: tensor.numbers)
    }
  }

  /// Makes a run directory with a checkpoint of now, whole or not at all; rank 0 alone.
  ///
  /// - Throws: `Failure` where something is there already, or cannot be written.
  public func writeRun(to path: String) throws {
    let isEmpty = (try? Directories.names(in: path).isEmpty) ?? false
    guard !Directories.exists(path) || isEmpty else {
      throw Failure("\(path): is there already; name another --output", code: .cannotCreate)
    }
    // Beside its name, then renamed: a rename replaces an empty directory.
    let trimmed = path.last == "/" ? String(path.dropLast()) : path
    let slash = trimmed.lastIndex(of: "/")
    let (parent, name) = (
      slash.map { String(trimmed[...$0]) } ?? "", slash.map { trimmed[$0...].dropFirst() } ?? trimmed[...]
    )
    let partial = parent + PartialName(of: String(name)).text
    do {
      try Directories.create(parent.isEmpty ? "." : parent)
      guard mkdir(partial, 0o777) == 0 else { throw FileError(path: path, action: "create", code: errno) }
      let run = RunDirectory(partial)
      let lock = try run.create()
      try RecipeFile.write(recipe, to: run.recipe)
      try writeCheckpoint(to: run.checkpoints.path(iteration: iteration))
      guard rename(partial, trimmed) == 0 else {
        throw FileError(path: path, action: "put in place", code: errno)
      }
      withExtendedLifetime(lock) {}
    } catch {
      // The first failure is the one to report.
      try? Directories.removeAll(partial)
      throw Failure("\(error)", code: .cannotCreate)
    }
  }
}

extension Directories {
  /// Removes a directory of ours and what is in it.
  fileprivate static func removeAll(_ path: String) throws(FileError) {
    for name in try names(in: path) {
      let inner = "\(path)/\(name)"
      if unlink(inner) != 0 { try removeAll(inner) }
    }
    guard rmdir(path) == 0 else { throw FileError(path: path, action: "remove", code: errno) }
  }
}
