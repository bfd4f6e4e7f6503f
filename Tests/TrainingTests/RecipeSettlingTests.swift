import Communication
import Datasets
import Files
import Foundation
import NumPyFiles
import Testing

@testable import Training

/// What recipes leave to the data.
@Suite struct RecipeSettlingTests {
  /// 40 vectors as an `.npz` with these arrays beside them.
  private func data(_ arrays: [String: (shape: [Int], values: [Float])], x: [Int] = [40, 3]) throws -> String {
    let path = FileManager.default.temporaryDirectory.path + "/lockstep-\(UUID().uuidString).npz"
    let all = arrays.merging(["x": (x, (0..<x.reduce(1, *)).map { Float($0 * 31 % 17) })]) { $1 }
    try NPZ.write(
      to: path,
      arrays: all.sorted { $0.key < $1.key }.map { name, array in
        NPZ.Entry(name, array.shape, .float32) { body throws(FileError) in
          try array.values.withUnsafeBytes { bytes -> Result<Void, FileError> in
            do throws(FileError) { return .success(try body(bytes)) } catch { return .failure(error) }
          }.get()
        }
      })
    return path
  }

  private func settled(_ recipe: Recipe) throws -> Recipe {
    try recipe.settled(by: recipe.loadDataset(on: SoloCommunicator()))
  }

  private static let labels = ([40], (0..<40).map { Float($0 % 3) })
  private static let quantities = ([40, 2], (0..<80).map { Float($0) / 7 })

  @Test("labels make classes, quantities continuous conditions, both mixed ones, neither one class")
  func kinds() throws {
    for (arrays, kind, size) in [
      (["y": Self.labels], Recipe.ConditionKind.classes, 3), (["c": Self.quantities], .continuous, 2),
      (["y": Self.labels, "c": Self.quantities], .mixed, 5), ([:], .classes, 1),
      (["y": ([40], (0..<40).map { Float($0) / 9 })], .continuous, 1),
    ] {
      let path = try data(arrays)
      defer { try? FileManager.default.removeItem(atPath: path) }
      let asked = try recipe("vectors", "data.source=\(path)")
      #expect(asked.model.conditionKind == .automatic)
      let dataset = try asked.loadDataset(on: SoloCommunicator())
      let trainer = try Trainer(recipe: asked, dataset: dataset, communicator: SoloCommunicator())
      #expect(trainer.recipe.model.conditionKind == kind && trainer.conditions.size == size)
      #expect(try Recipe(yaml: trainer.recipe.yaml, origin: "").model.conditionKind == kind)
      // What a run keeps reads the same data the same way.
      let again = try trainer.recipe.loadDataset(on: SoloCommunicator(), known: trainer.dataset.sampleDescription)
      let fingerprint = try Trainer.fingerprint(of: again, on: SoloCommunicator())
      #expect(trainer.dataFingerprint == fingerprint)
    }
    #expect(try settled(recipe("digits")).model.conditionKind == .classes)
    #expect(try settled(recipe("sequences")).model.conditionKind == .continuous)
    #expect(try settled(recipe("digits", "model.condition.kind=continuous")).model.conditionKind == .continuous)
  }

  @Test("automatic differs from nothing that a run was begun with, and goes on as that")
  func resuming() throws {
    for kind in ["classes", "continuous", "mixed"] {
      let saved = try recipe("vectors", "model.condition.kind=\(kind)")
      let again = try recipe("vectors")
      #expect(again.changes(from: saved).isEmpty && again.settled(like: saved).yaml == saved.yaml)
    }
    // Runs of earlier versions left the layout to the data.
    let earlier = try recipe("sequences", "data.layout=automatic", "model.condition.kind=continuous")
    #expect(try recipe("sequences").settled(like: earlier).yaml == earlier.yaml)
    try recipe("sequences").checkContinues(earlier)
    let other = try recipe("vectors", "model.condition.kind=mixed")
    #expect(throws: Failure.self) { try other.checkContinues(recipe("vectors", "model.condition.kind=classes")) }
    #expect(throws: Failure.self) {
      try recipe("vectors", "data.layout=sequences").checkContinues(recipe("vectors"))
    }
  }

  @Test(
    "what these data are not is refused by its key",
    arguments: [
      ("sequences", ["data.flip=true"], "data.flip: left for right is for images, the data are sequences"),
      ("vectors", ["data.flip=true"], "data.flip: left for right is for images, the data are vectors"),
      ("vectors", ["data.source=waves"], "data.layout: vectors, but waves holds sequences; use --recipe sequences"),
      ("sequences", ["data.source=digits"], "data.layout: sequences, but digits holds images; use --recipe images"),
      ("vectors", ["data.conditions=[heat]"], "data.conditions: it names columns of a table, but process is none"),
      ("vectors", ["data.label=x"], "data.label: it names columns of a table, but process is none and has no labels"),
      ("vectors", ["data.columns=[heat]"], "has columns heat, flow, pressure, wear, drift; leave it out"),
      (
        "vectors", ["data.conditions=[load]", "model.condition.kind=classes"],
        "data.conditions: load cannot be used under model.condition.kind classes"
      ),
    ])
  func refusals(name: String, settings: [String], text: String) throws {
    let asked = try Recipe(yaml: Recipe.embedded(named: name).yaml, origin: name, settings: settings)
    let failure = #expect(throws: (any Error).self) { try settled(asked) }
    #expect(failure.map { "\($0)".contains(text) } == true, "\(failure.map { "\($0)" } ?? "")")
  }

  @Test("columns that were packed may be named again")
  func packedColumns() throws {
    let process = try recipe("vectors").loadDataset(on: SoloCommunicator())
    let path = FileManager.default.temporaryDirectory.path + "/lockstep-\(UUID().uuidString).npz"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try DataPack.write(process, to: path)
    let asked = try recipe("vectors", "data.source=\(path)", "data.conditions=[load, switch]")
    #expect(try settled(asked).model.conditionKind == .continuous)
  }

  @Test("series are read without a layout, with channels or without", arguments: [[40, 12, 2], [40, 12]])
  func series(shape: [Int]) throws {
    let path = try data(["y": Self.labels], x: shape)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let dataset = try recipe("sequences", "data.source=\(path)").loadDataset(on: SoloCommunicator())
    #expect(dataset.layout.kind == .sequences && dataset.imageShape == [1, 12, shape.count == 3 ? 2 : 1])
  }
}
