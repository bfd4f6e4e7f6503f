import Checkpoints
import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension RunDirectory {
  /// The newest whole checkpoint, and what was skipped on the way to it; no file where the run has no checkpoint at all.
  ///
  /// - Throws: where one cannot be read that may be the newest, and where there are checkpoints, none of which is whole: what
  ///   they hold may be somebody's work, so nobody begins anew beside them.
  public func newestCheckpoint() throws -> (file: SafetensorsFile?, warnings: [String]) {
    let found: CheckpointStore.Found
    let own = try ownRecipe()
    let isOwn = { (file: SafetensorsFile) in Self.isOwn(file, own) }
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

  /// The recipe that lies in the directory; nil where there is none that checkpoints could be compared with.
  ///
  /// - Throws: where it cannot be read: whose a checkpoint is nobody could tell.
  private func ownRecipe() throws -> Recipe? {
    do throws(FileError) {
      let file = try InputFile(place(recipe))
      guard file.byteCount <= RecipeText.largest else { return nil }
      return try? Recipe(yaml: String(decoding: try file.bytes(), as: UTF8.self), origin: recipe)
    } catch {
      // Something else in its place (a directory) says as little as nothing.
      guard let code = error.code, ![ENOENT, ENOTDIR, EISDIR, EINVAL].contains(code) else { return nil }
      throw Failure("\(error), then start again", code: Failure.Code(reading: code))
    }
  }

  /// Whether a checkpoint is of the run with this recipe; any one is where there is none to compare with.
  private static func isOwn(_ file: SafetensorsFile, _ recipe: Recipe?) -> Bool {
    guard let recipe, let text = file.metadata["recipe"] else { return true }
    // As the file has it, and as this version understands that: the directory's may be of before, or of since.
    return [text, CheckpointFormat.recipe(of: file) ?? text].contains { text in
      (try? Recipe(yaml: text, origin: file.path)).map { recipe.changes(from: $0).isEmpty } ?? true
    }
  }
}
