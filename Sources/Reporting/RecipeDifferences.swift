/// Keys in which recipes differ, as the program writes them: groups by two spaces, a `key: value` a line.
struct RecipeDifferences {
  /// The key with its groups, then each recipe's value, – where it has none.
  let rows: [[String]]

  init(of recipes: [String]) {
    let leaves = recipes.map(Self.leaves)
    var keys: [String] = []
    var known: Set<String> = []
    for key in leaves.flatMap({ $0.map(\.key) }) where known.insert(key).inserted { keys.append(key) }
    let values = leaves.map { Dictionary($0.map { ($0.key, $0.value) }) { $1 } }
    rows = keys.compactMap { key in
      let row = values.map { $0[key] ?? "–" }
      return Set(row).count > 1 ? [key] + row : nil
    }
  }

  private static func leaves(_ text: String) -> [(key: String, value: String)] {
    var groups: [(indent: Int, name: String)] = []
    var found: [(key: String, value: String)] = []
    for line in text.split(whereSeparator: \.isNewline) {
      let indent = line.prefix { $0 == " " }.count
      let words = line.dropFirst(indent)
      guard !words.isEmpty, words.first != "#" else { continue }
      groups.removeAll { $0.indent >= indent }
      let path = groups.map { $0.name + "." }.joined()
      guard let colon = words.firstIndex(of: ":") else {
        // A list, item by item.
        if let last = found.indices.last { found[last].value += " " + words }
        continue
      }
      let name = String(words[..<colon])
      let value = words[words.index(after: colon)...].drop { $0 == " " }
      if value.isEmpty { groups.append((indent, name)) } else { found.append((path + name, String(value))) }
    }
    return found
  }
}
