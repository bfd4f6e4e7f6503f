import Checkpoints
import Communication
import Datasets
import Foundation
import Testing

@testable import Training

/// Checkpoints that released versions wrote, kept in `Tests/Reference`: each must load for ever.
@Suite struct ReleasedFormatsTests {
  private static let versions = [1, 2, 3]

  private func path(version: Int) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Reference/checkpoint-v\(version).safetensors").path
  }

  @Test("a checkpoint of every format is whole, goes on training and gives samples", arguments: versions)
  func loads(version: Int) throws {
    let file = try SafetensorsFile(path: path(version: version))
    try file.verify()
    try CheckpointFormat.check(file)
    #expect(file.metadata["formatVersion"] == String(version))
    let yaml = try #require(file.metadata["recipe"])
    let recipe = try Recipe(yaml: yaml, origin: "checkpoint-v\(version)", settings: ["training.iterations=40"])
    try recipe.checkContinues(Recipe(yaml: yaml, origin: ""))
    let dataset = try DatasetSource(recipe.data.source).load(resolution: recipe.resolution())
    let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: SoloCommunicator())
    let fresh = Snapshot(trainer)
    try trainer.restore(from: file)
    #expect(trainer.iteration == 30 && trainer.generator.updateCount == 30)
    #expect(Snapshot(trainer) != fresh)
    for _ in 0..<3 { #expect(try trainer.runPhase().stop == nil) }
    #expect(trainer.lastReport.generatorLoss.isFinite)
    let model = try SavedModel(path: path(version: version), communicator: SoloCommunicator())
    let images = try model.programs.sample(block: 0) { index, condition in
      for k in 0..<10 { condition[k] = k == index % 10 ? 1 : 0 }
    }
    #expect(model.classNames == (version < 3 ? [] : (0...9).map(String.init)))
    #expect(images.allSatisfy { abs($0) <= 1 } && images.contains { abs($0) > 0.1 })
  }

  @Test("every format up to the one that is written now has its file")
  func complete() {
    #expect(Self.versions == Array(1...CheckpointFormat.version))
  }

  @Test("a newer format is refused, with what to do")
  func newer() throws {
    let path = FileManager.default.temporaryDirectory.path + "/lockstep-\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try SafetensorsFile.write(to: path, tensors: [], metadata: ["format": "lockstep", "formatVersion": "4"])
    let error = #expect(throws: Failure.self) { try CheckpointFormat.check(SafetensorsFile(path: path)) }
    #expect(error?.description.contains("format 4 is newer than this program, which knows formats up to 3") == true)
  }
}
