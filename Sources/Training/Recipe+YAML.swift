import Yams

extension Recipe {
  /// Reads a recipe: its text on top of the defaults, then settings on top of that.
  ///
  /// - Parameters:
  ///   - yaml: keys in groups, all optional.
  ///   - origin: the file or recipe name, for messages.
  ///   - settings: `path=value` each, as `--set` takes them.
  /// - Throws: `Failure` naming the key, the line, and the nearest known key where it is unknown.
  public init(yaml: String, origin: String, settings: [String] = []) throws {
    self.init()
    var tree = RecipeTree(origin: origin)
    try RecipeText.check(yaml, origin: origin)
    do {
      // Values are parsed by their keys; the default resolver guesses types, and doubles the time of a file of many keys.
      if let root = try Yams.compose(yaml: yaml, .basic) { try tree.flatten(root) }
    } catch let error as YamlError {
      throw Failure("\(origin)\(RecipeTree.explanation(of: error))", code: .configuration)
    }
    try apply(tree.leaves, origin: origin)
    for setting in settings { try apply(setting: setting) }
  }

  /// Takes over one `path=value`.
  ///
  /// - Parameter origin: what messages say where it comes from.
  public mutating func apply(setting: String, origin: String = "--set") throws {
    guard let sign = setting.firstIndex(of: "="), sign != setting.startIndex else {
      throw Failure("\(origin) \(setting): write path=value, such as training.batchSize=128", code: .usage)
    }
    let path = String(setting[..<sign])
    let text = String(setting[setting.index(after: sign)...])
    let node: Node?
    do { node = try Yams.compose(yaml: text) } catch {
      throw Failure("\(origin) \(path): \(text) is not YAML", code: .configuration)
    }
    try apply([path: unmarked(node ?? Node(""))], origin: origin)
  }

  private mutating func apply(_ given: [String: Node], origin: String) throws {
    var fields = RecipeFields(given: given, origin: origin)
    try visit(&fields)
    try fields.refuseUnknown()
  }

  /// Every key with its value and meaning, in order.
  public var entries: [RecipeFields.Entry] {
    var copy = self
    var fields = RecipeFields()
    // Nothing is given, so nothing can be wrong.
    do { try copy.visit(&fields) } catch { preconditionFailure("\(error)") }
    return fields.entries
  }

  /// The whole recipe as YAML that reads back to the same.
  public var yaml: String {
    var lines: [String] = []
    var open: [Substring] = []
    for entry in entries {
      let parts = entry.path.split(separator: ".")
      let groups = Array(parts.dropLast())
      let shared = zip(open, groups).prefix { $0 == $1 }.count
      for depth in shared..<max(shared, groups.count) {
        lines.append(String(repeating: "  ", count: depth) + "\(groups[depth]):")
      }
      open = groups
      lines.append(String(repeating: "  ", count: groups.count) + "\(parts.last!): \(entry.text)")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// The node without its place: a setting has no line.
private func unmarked(_ node: Node) -> Node {
  switch node {
  case .scalar(let scalar): Node(scalar.string, .implicit, scalar.style)
  case .sequence(let sequence): Node(sequence.map(unmarked))
  case .mapping, .alias: node
  }
}
