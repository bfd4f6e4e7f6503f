import Files

/// Recipes in files.
public enum RecipeFile {
  /// The text of a recipe file.
  /// - Throws: `Failure` when it cannot be read or is no text.
  public static func text(of path: String) throws -> String {
    let bytes: [UInt8]
    do {
      let file = try InputFile(path: path)
      guard file.byteCount <= RecipeText.largest else {
        throw Failure("\(path): \(file.byteCount) bytes are no recipe", code: .configuration)
      }
      bytes = try file.bytes()
    } catch let error as FileError {
      throw Failure(error.description, code: .noInput)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure("\(path): not UTF-8 text", code: .configuration)
    }
    return text
  }

  /// Writes a recipe beside its run.
  public static func write(_ recipe: Recipe, to path: String) throws { try write(recipe, to: FilePlace(path)) }

  public static func write(_ recipe: Recipe, to place: FilePlace) throws {
    do {
      try AtomicFile.write(to: place) { writer throws(FileError) in try writer.write(Array(recipe.yaml.utf8)) }
    } catch {
      throw Failure("\(error)", code: .cannotCreate)
    }
  }
}
