import Checkpoints
import Communication

/// The checkpoints that belong to one run: those of its recipe, data and model, and those that it descends from, where it
/// went on with a recipe that differs.
///
/// Runs that agree in all of these go through the same states, so a checkpoint needs no number of the run that wrote it.
struct RunLineage: Sendable {
  /// What a checkpoint's metadata call the runs before it, where there are any.
  static let key = "ancestors"

  let own: String
  private(set) var ancestors: Set<String>

  init(recipe: Recipe, data: String, model: String?, ancestors: Set<String> = []) {
    var digest = Digest()
    for text in recipe.lineage + [data, model ?? ""] { digest.update(text) }
    own = String(digest.value, radix: 16)
    self.ancestors = ancestors.subtracting([own])
  }

  /// That of a checkpoint; nil where it does not tell.
  init?(_ file: SafetensorsFile) {
    guard let text = CheckpointFormat.recipe(of: file), let recipe = try? Recipe(yaml: text, origin: file.path) else {
      return nil
    }
    let ancestors = (file.metadata[Self.key] ?? "").split(separator: " ").map(String.init)
    self.init(
      recipe: recipe, data: file.metadata["data"] ?? "", model: file.metadata["model"], ancestors: Set(ancestors))
  }

  /// The run goes on from a checkpoint of `other`.
  mutating func descend(from other: RunLineage) {
    ancestors = ancestors.union(other.ancestors).union([other.own]).subtracting([own])
  }

  /// Nil where there are none.
  var text: String? { ancestors.isEmpty ? nil : ancestors.sorted().joined(separator: " ") }

  /// Whether the run, or a state that it descends from, has written the file.
  func contains(_ file: SafetensorsFile) -> Bool {
    RunLineage(file).map { $0.own == own || ancestors.contains($0.own) } ?? false
  }
}
