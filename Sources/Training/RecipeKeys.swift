import Files

/// What a user means by a key that there is not.
public enum MeantKeys: Equatable, Sendable {
  /// One of these.
  case anyOf([String])
  /// All of these.
  case allOf([String])
  /// Keys of networks of another kind.
  case ofKind(Recipe.ModelKind, [String])
  /// No key: what to know instead.
  case advice(String)

  /// By meaning first: the key in other letters or without its groups, then what other programs call it, then the networks
  /// of another kind, at last by letters.
  ///
  /// - Parameter known: the keys of the recipe.
  /// - Returns: nil where nothing is near.
  public init?(of name: String, among known: [String]) {
    let parts = Self.parts(name)
    guard let last = parts.last else { return nil }
    if let found = Self.ending(in: parts, known) ?? Self.ending(in: [last], known, sharing: parts) {
      self = .anyOf(found)
      return
    }
    let meaning = SettingNames.meaning(of: parts.joined()) ?? SettingNames.meaning(of: last)
    if let meaning {
      switch meaning {
      case .advice(let text): self = .advice(text)
      case .keys(let keys):
        let here = Self.narrowed(keys.filter(known.contains), by: parts)
        self = here.isEmpty ? Self.elsewhere(keys) : .allOf(here)
      }
      return
    }
    for kind in Recipe.ModelKind.allCases {
      guard let found = Self.ending(in: parts, Recipe.keys(of: kind)) else { continue }
      self = .ofKind(kind, found)
      return
    }
    let nearest = known.min { Self.distance(name, $0) < Self.distance(name, $1) } ?? ""
    guard Self.distance(name, nearest) <= name.count / 2 else { return nil }
    self = .anyOf([nearest])
  }

  private static func parts(_ name: String) -> [String] { name.split(separator: ".").map(SettingNames.normalized) }

  /// Keys that end in these words, those first that have more words of `others`; nil where there are none.
  private static func ending(in words: [String], _ keys: [String], sharing others: [String] = []) -> [String]? {
    let found = keys.filter { Self.parts($0).suffix(words.count) == words[...] }
    let shared = found.map { key in others.dropLast().count { Self.parts(key).contains($0) } }
    let most = shared.max() ?? 0
    return found.isEmpty ? nil : zip(found, shared).filter { $0.1 == most }.map(\.0)
  }

  /// Those of the generator or of the discriminator, where the name says which.
  private static func narrowed(_ keys: [String], by parts: [String]) -> [String] {
    for (names, word) in [
      (["generator", "g", "gen"], "generator"), (["discriminator", "d", "disc", "critic"], "discriminator"),
    ]
    where parts.dropLast().contains(where: names.contains) {
      let some = keys.filter { $0.lowercased().contains(word) }
      if !some.isEmpty { return some }
    }
    return keys
  }

  private static func elsewhere(_ keys: [String]) -> MeantKeys {
    for kind in Recipe.ModelKind.allCases {
      let there = keys.filter(Recipe.keys(of: kind).contains)
      if !there.isEmpty { return .ofKind(kind, there) }
    }
    preconditionFailure("\(keys): no keys")
  }

  /// How far a wrong path is from a key: the whole path, or the last word where groups are missing or wrong.
  private static func distance(_ path: String, _ key: String) -> Int {
    let word = { (path: String) in String(path.split(separator: ".").last ?? "") }
    return min(editDistance(path, key), 1 + editDistance(word(path), word(key)))
  }

  /// `; did you mean seed?`, to follow what there is not.
  var words: String {
    switch self {
    case .anyOf(let keys): "; did you mean \(Self.listed(keys, "or"))?"
    case .allOf(let keys): "; did you mean \(Self.listed(keys, "and"))?"
    case .ofKind(let kind, let keys):
      "; with model.kind=\(kind.rawValue) there \(keys.count == 1 ? "is" : "are") \(Self.listed(keys, "and"));"
    case .advice(let text): ": \(text);"
    }
  }

  private static func listed(_ keys: [String], _ word: String) -> String {
    let shown = keys.prefix(4)
    return shown.count < 2
      ? shown.joined() : shown.dropLast().joined(separator: ", ") + " \(word) " + (shown.last ?? "")
  }
}

extension Recipe {
  /// Keys of a recipe with networks of this kind.
  static func keys(of kind: ModelKind) -> [String] {
    var recipe = Recipe()
    recipe.model.kind = kind
    return recipe.entries.map(\.path)
  }
}
