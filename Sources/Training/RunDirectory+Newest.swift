import Checkpoints
import Files

extension RunDirectory {
  /// The newest whole checkpoint, and what was skipped on the way to it; no file where the run has no checkpoint at all.
  ///
  /// - Throws: where one cannot be read that may be the newest, and where there are checkpoints, none of which is whole: what
  ///   they hold may be somebody's work, so nobody begins anew beside them.
  public func newestCheckpoint() throws -> (file: SafetensorsFile?, warnings: [String]) {
    let found: CheckpointStore.Found
    do throws(CheckpointError) { found = try checkpoints.latestValid(where: isOwn) } catch {
      throw Failure(
        "\(escaped(error.file)): \(error.reason), so that nobody can tell whether it is the newest; \(error.remedy), then "
          + "start again", code: Failure.Code(error.cause))
    }
    if found.file == nil, let first = found.skipped.first {
      throw Failure(
        "\(path): this run has no whole checkpoint; the newest: \(first); to start anew, move \(checkpoints.directory) away",
        code: .noInput)
    }
    var warnings = found.skipped.map { "skipped a checkpoint: \($0)" }
    if let file = found.file, !isOwn(file) {
      warnings.append("\(file.path) is of another recipe than \(recipe); there is none of its own to go on from")
    }
    return (found.file, warnings)
  }

  /// Whether a checkpoint is of the run whose recipe lies in the directory; any one is where there is none to compare with.
  public func isOwn(_ file: SafetensorsFile) -> Bool {
    // Asked for each checkpoint that is looked at: one or two.
    guard let bytes = try? InputFile(place(recipe)).bytes(), bytes.count <= RecipeText.largest,
      let recipe = try? Recipe(yaml: String(decoding: bytes, as: UTF8.self), origin: recipe),
      let text = file.metadata["recipe"]
    else { return true }
    // As the file has it, and as this version understands that: the directory's may be of before, or of since.
    return [text, CheckpointFormat.recipe(of: file) ?? text].contains { text in
      (try? Recipe(yaml: text, origin: file.path)).map { recipe.changes(from: $0).isEmpty } ?? true
    }
  }
}
