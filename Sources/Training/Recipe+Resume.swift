extension Recipe {
  /// Keys that a resumed run may change: they do not touch what has been trained.
  private static let free = [
    "name", "training.iterations", "data.source", "data.skipUnreadable", "evaluation.", "checkpoint.", "log.",
  ]

  /// Refuses to go on with a model that another recipe made.
  ///
  /// - Throws: `Failure` listing the keys that differ.
  public func checkContinues(_ saved: Recipe) throws {
    let differing = zip(entries, saved.entries).filter { mine, theirs in
      mine.text != theirs.text
        && !Self.free.contains { mine.path == $0 || ($0.hasSuffix(".") && mine.path.hasPrefix($0)) }
    }
    guard !differing.isEmpty else { return }
    let listed = differing.prefix(5).map { "\($0.path): \($1.text) there, \($0.text) here" }.joined(separator: "; ")
    let rest = differing.count > 5 ? "; and \(differing.count - 5) more" : ""
    throw Failure(
      "the checkpoint was made by another recipe (\(listed)\(rest)); leave --recipe and --set out to go on with its own",
      code: .configuration)
  }
}
