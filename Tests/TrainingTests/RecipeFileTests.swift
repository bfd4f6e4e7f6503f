import Foundation
import Testing

@testable import Training

@Suite struct RecipeFileTests {
  private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.path + "/lockstep-\(UUID().uuidString).yaml"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  private func refusal(_ path: String) -> Failure? {
    do {
      _ = try RecipeFile.text(of: path)
      return nil
    } catch {
      return error as? Failure
    }
  }

  @Test("a megabyte of comments is a recipe, one byte more is none")
  func size() throws {
    let line = Array("# a long story about the seed of this run, told again and again\n".utf8)
    var bytes = Array("seed: 7\n".utf8)
    while bytes.count + line.count <= 1 << 20 { bytes += line }
    bytes += [UInt8](repeating: UInt8(ascii: "#"), count: (1 << 20) - bytes.count)
    try withFile(bytes) { path in
      let recipe = try Recipe(yaml: RecipeFile.text(of: path), origin: path)
      #expect(recipe.seed == 7)
    }
    try withFile(bytes + [UInt8(ascii: "#")]) { path in
      #expect(refusal(path)?.code == .configuration)
      #expect(refusal(path)?.description == "\(path): 1048577 bytes are no recipe")
    }
  }

  @Test("bytes that are no text, directories and missing files are refused")
  func unreadable() throws {
    try withFile([0xFF, 0xFE, 0x41]) { path in
      #expect(refusal(path)?.description == "\(path): not UTF-8 text")
      #expect(refusal(path)?.code == .configuration)
    }
    #expect(refusal("/")?.code == .noInput)
    #expect(refusal("/nowhere/at.yaml")?.code == .noInput)
  }

  @Test("a recipe written to a file reads back; below a regular file it cannot be written")
  func write() throws {
    try withFile([]) { path in
      let recipe = try recipe("digits-dense", "seed=11", "name=\"it's mine\"")
      try RecipeFile.write(recipe, to: path)
      let again = try Recipe(yaml: RecipeFile.text(of: path), origin: path)
      #expect(again.yaml == recipe.yaml)
      let failure = #expect(throws: Failure.self) { try RecipeFile.write(recipe, to: path + "/recipe.yaml") }
      #expect(failure?.code == .cannotCreate)
    }
  }
}
