/// One key that a checkpoint's recipe and the asked one do not agree on.
public struct RecipeChange: Sendable, Equatable {
  public let path: String
  /// nil where that recipe has no such key.
  public let before: String?
  public let after: String?

  /// As a diff shows it, two lines.
  public var lines: [String] {
    (before.map { ["- \(path): \($0)"] } ?? []) + (after.map { ["+ \(path): \($0)"] } ?? [])
  }
}

extension Recipe {
  /// Keys that a resumed run may change: they do not touch what has been trained.
  private static let free = [
    "name", "training.iterations", "training.learningRateIterations", "data.source", "data.skipUnreadable",
    "data.dropNonFinite", "data.mostUnpackedGB", "evaluation.",
    "checkpoint.", "log.",
    "health.digestEvery",
  ]

  /// Keys whose `automatic` is what the data say: it differs from nothing.
  private static let leftToData = ["model.condition.kind", "data.layout"]

  /// The keys in which this recipe would change a run that another one has begun.
  public func changes(from saved: Recipe) -> [RecipeChange] {
    let before = Dictionary(uniqueKeysWithValues: saved.entries.map { ($0.path, $0.text) })
    let after = Dictionary(uniqueKeysWithValues: entries.map { ($0.path, $0.text) })
    let gone = saved.entries.map(\.path).filter { after[$0] == nil }
    return (entries.map(\.path) + gone).compactMap { path in
      guard before[path] != after[path], !Self.free.contains(where: { Self.covers($0, path) }) else { return nil }
      let isLeftToData = [before[path], after[path]].contains(Recipe.DataLayout.automatic.rawValue)
      if isLeftToData, Self.leftToData.contains(path) { return nil }
      return RecipeChange(path: path, before: before[path], after: after[path])
    }
  }

  /// What all checkpoints of a run have in common: the keys that touch what is trained, and their values.
  var lineage: [String] {
    entries.filter { entry in
      !Self.leftToData.contains(entry.path) && !Self.free.contains { Self.covers($0, entry.path) }
    }.map { "\($0.path)=\($0.text)" }
  }

  /// Refuses to go on with a model that another recipe made.
  ///
  /// - Parameters:
  ///   - allowed: keys, or groups of keys, that may differ.
  ///   - remedy: what to do, where that is not for the command line.
  ///   - misfit: why the checkpoint does not hold these networks; asked where a key of the model differs.
  /// - Throws: `Failure` naming the keys that differ and how to allow them, where that is possible.
  public func checkContinues(
    _ saved: Recipe, allowing allowed: [String] = [], remedy: String? = nil, misfit: () -> String? = { nil }
  ) throws {
    let known = Set((entries + saved.entries).map(\.path))
    for key in allowed where !known.contains(where: { Self.covers(key, $0) }) {
      throw Failure(
        "--allow-change \(key): there is no such key; `lockstep recipes --keys` lists all", code: .usage)
    }
    let changes = changes(from: saved)
    try refuseOtherNetworks(changes, misfit)
    let refused = changes.filter { change in !allowed.contains { Self.covers($0, change.path) } }
    guard !refused.isEmpty else { return }
    let listed = refused.prefix(5).map {
      "\($0.path): \($0.before ?? "nothing") there, \($0.after ?? "nothing") here"
    }
    let rest = refused.count > 5 ? "; and \(refused.count - 5) more" : ""
    let options = refused.prefix(5).map { "--allow-change \($0.path)" }.joined(separator: " ")
    throw Failure(
      "the checkpoint was made by another recipe (\(listed.joined(separator: "; "))\(rest)); "
        + (remedy ?? "leave --recipe and --set out to go on with its own, or allow each: \(options)"),
      code: .configuration)
  }

  /// No key is to be allowed in vain: weights of other shapes are no weights for these networks.
  private func refuseOtherNetworks(_ changes: [RecipeChange], _ misfit: () -> String?) throws {
    let own = changes.filter { $0.path.hasPrefix("model.") }
    guard !own.isEmpty, let reason = misfit() else { return }
    let listed = own.prefix(5).map { "\($0.path): \($0.before ?? "nothing") there, \($0.after ?? "nothing") here" }
    throw Failure(
      "the checkpoint was made by another recipe (\(listed.joined(separator: "; "))), whose networks are others, so that "
        + "no --allow-change helps: \(reason); leave these keys out to go on with its own, or start in another directory",
      code: .configuration)
  }

  /// Whether a key is this one, or one of this group: `health` and `health.` cover `health.window`.
  private static func covers(_ key: String, _ path: String) -> Bool {
    path == key || path.hasPrefix(key.hasSuffix(".") ? key : key + ".")
  }
}
