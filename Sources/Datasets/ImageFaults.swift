import Files

/// Files of a folder that cannot be used, so that all of them are told at once.
struct ImageFaults {
  /// In the order in which they are told; a run is told of one kind at a time, since each has a remedy of its own.
  enum Kind: CaseIterable { case unreadable, tooSmall, otherSize }

  private static let mostListed = 20

  /// The first ones of each kind by name, and how many there are.
  private var found: [Kind: (first: [DatasetError], count: Int)] = [:]

  mutating func add(_ error: DatasetError, _ kind: Kind) {
    var (first, count) = found[kind] ?? ([], 0)
    first.append(error)
    // Held-out files are read after those before and behind them.
    if first.count >= 2 * Self.mostListed { first = Self.byName(first) }
    count += 1
    found[kind] = (first, count)
  }

  private static func byName(_ errors: [DatasetError]) -> [DatasetError] {
    Array(errors.sorted { $0.file < $1.file }.prefix(mostListed))
  }

  /// Whether the run will end for what was found.
  func endLoading(skipsUnreadable: Bool) -> Bool {
    found.keys.contains { $0 != .unreadable || !skipsUnreadable }
  }

  /// About the files left out; nil where there are none.
  func complaint(of all: Int) -> String? {
    guard let (listed, count) = found[.unreadable], let one = Self.byName(listed).first else { return nil }
    return "\(grouped(count)) of \(grouped(all)) files left out, the first \(one.file): \(one.reason)"
  }

  /// One error for all files of a kind.
  func error(in directory: String, of all: Int, skipsUnreadable: Bool) -> DatasetError? {
    let kinds = Kind.allCases.filter { $0 != .unreadable || !skipsUnreadable }
    guard let kind = kinds.first(where: { found[$0] != nil }), let (some, count) = found[kind] else { return nil }
    let first = Self.byName(some)
    guard count > 1 else { return first[0] }
    let listed = first.map { error in
      let name = error.file.hasPrefix(directory + "/") ? String(error.file.dropFirst(directory.count + 1)) : error.file
      return "\(clipped(name)) (\(clipped(error.reason, atMost: 100)))"
    }
    let rest = count > first.count ? ["and \(grouped(count - first.count)) more"] : []
    let (state, remedy) =
      switch kind {
      case .unreadable:
        ("cannot be read", "replace, save as PNG, or remove them, or leave such files out with --skip-unreadable")
      case .tooSmall: ("are too small", "remove them, or lower data.height and data.width")
      case .otherSize: ("differ in size", "set data.height and data.width, and all become alike")
      }
    let list = (listed + rest).joined(separator: "; ")
    return DatasetError(
      file: directory, reason: "\(grouped(count)) of \(grouped(all)) images \(state): \(list)", remedy: remedy,
      cause: first.allSatisfy { $0.cause == .missing } ? .missing : .damaged)
  }
}
