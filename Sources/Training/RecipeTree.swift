import Files
import Yams

/// The scalars and lists of a YAML tree by path: `training.batchSize`.
struct RecipeTree {
  let origin: String
  private(set) var leaves: [String: Node] = [:]
  private var visited = 0

  /// Anchors let a few lines stand for billions of values; a recipe has under a hundred.
  private static let mostNodes = 10_000
  /// The deepest key of a recipe lies in three groups.
  private static let mostGroups = 8
  private static let longestPath = 1_000

  init(origin: String) { self.origin = origin }

  /// Takes over all leaves of the tree whose root this is.
  ///
  /// - Throws: `Failure` where it is no tree of groups, or a path is given twice.
  mutating func flatten(_ root: Node) throws {
    guard root.mapping != nil || root.scalar?.string == "" else {
      throw Failure("\(origin): a recipe is groups of `key: value` lines", code: .configuration)
    }
    if root.mapping != nil { try flatten(root, path: "", depth: 0) }
  }

  private mutating func flatten(_ node: Node, path: String, depth: Int) throws {
    visited += 1
    guard visited <= Self.mostNodes else {
      throw Failure("\(origin): more than 10,000 values; that is no recipe", code: .configuration)
    }
    guard let mapping = node.mapping else {
      guard leaves.updateValue(node, forKey: path) == nil else {
        throw Failure("\(origin)\(line(of: node)): \(clipped(path)) is given twice", code: .configuration)
      }
      return
    }
    guard depth < Self.mostGroups else {
      throw Failure(
        "\(origin)\(line(of: node)): more than \(Self.mostGroups) groups in one another", code: .configuration)
    }
    for (key, value) in mapping {
      guard let name = key.scalar?.string else {
        throw Failure("\(origin)\(line(of: key)): a key is not a plain word", code: .configuration)
      }
      let path = path.isEmpty ? name : "\(path).\(name)"
      // Thousands of keys in a group with an endless name would each repeat it.
      guard path.utf8.count <= Self.longestPath else {
        throw Failure("\(origin)\(line(of: key)): there is no key \(clipped(path))", code: .configuration)
      }
      try flatten(value, path: path, depth: depth + 1)
    }
  }

  private func line(of node: Node) -> String { node.mark.map { " line \($0.line)" } ?? "" }

  /// What the parser found, in one line: ` line 3: not YAML: mapping values are not allowed in this context`.
  static func explanation(of error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, let mark, let yaml), .parser(_, let problem, let mark, let yaml),
      .composer(_, let problem, let mark, let yaml):
      let lines = yaml.split(maxSplits: mark.line, omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      let isTab = lines.indices.contains(mark.line - 1) && lines[mark.line - 1].first == "\t"
      return " line \(mark.line): not YAML: \(isTab ? "indent by spaces, not by tabs" : problem)"
    case .reader(let problem, _, _, _): return ": not YAML: \(problem)"
    case .duplicatedKeysInMapping(let duplicates, let context):
      let keys = duplicates.sorted().prefix(3).map { clipped($0) }.joined(separator: ", ")
      return ": \(keys) is given twice in the group from line \(context.mark.line) on"
    case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded: return ": not YAML: \(error)"
    }
  }
}
