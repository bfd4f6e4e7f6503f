import Communication
import Datasets
import Testing

@testable import Training

@Suite struct StandInTests {
  private func recipe(_ name: String, _ settings: String...) throws -> Recipe {
    try Recipe(yaml: Recipe.embedded(named: name).yaml, origin: name, settings: settings)
  }

  @Test("data sets that everybody has alike have their shape; those of users none")
  func known() throws {
    let mnist = try #require(StandIn(knownFor: recipe("mnist")))
    #expect(mnist.imageShape == [28, 28, 1] && mnist.classes == 10 && mnist.training == 60_000 && mnist.test == 10_000)
    #expect(mnist.byteCount == 70_000 * (784 + 4))
    let cifar = try #require(StandIn(knownFor: recipe("cifar10")))
    #expect(cifar.words == "50,000 images 32×32×3 of 10 classes")
    let small = try #require(StandIn(knownFor: recipe("cifar10", "data.height=16", "data.channels=1")))
    #expect(small.imageShape == [16, 16, 1])
    #expect(StandIn(knownFor: try recipe("images", "data.source=cifar100:x"))?.classes == 100)
    for name in ["digits", "images", "vectors", "sequences"] { #expect(StandIn(knownFor: try recipe(name)) == nil) }
    #expect(try recipe("digits").knownTrainingCount == 1_500 && recipe("vectors").knownTrainingCount == 4_000)
    #expect(try recipe("images", "data.source=folder:x").knownTrainingCount == nil)
  }

  @Test("a shape says what samples are, as arrays do")
  func shapes() throws {
    for (name, text, settings, kind, shape, conditions) in [
      ("images", "64x64x3", ["data.height=64"], SampleLayout.Kind.images, [64, 64, 3], 0),
      ("mnist", "28X28", [], .images, [28, 28, 1], 0), ("vectors", "7", [], .vectors, [1, 1, 7], 2),
      ("sequences", "48x2", [], .sequences, [1, 48, 2], 2),
      ("vectors", "30x4", ["data.layout=sequences", "model.condition.size=5"], .sequences, [1, 30, 4], 5),
      ("vectors", "9", ["data.source=csv:t.csv", "data.conditions=[a, b, c]"], .vectors, [1, 1, 9], 3),
      ("vectors", "9", ["data.source=csv:t.csv", "data.label=kind"], .vectors, [1, 1, 9], 0),
    ] as [(String, String, [String], SampleLayout.Kind, [Int], Int)] {
      let recipe = try Recipe(yaml: Recipe.embedded(named: name).yaml, origin: name, settings: settings)
      let standIn = try StandIn(shape: text, classes: 4, samples: 100, for: recipe)
      #expect(standIn.kind == kind && standIn.imageShape.dimensions == shape && standIn.conditions == conditions)
      let data = try standIn.dataset(on: SoloCommunicator())
      #expect(data.training.count == 90 && data.test.count == 10 && data.imageShape.dimensions == shape)
      #expect(data.byteCount == standIn.byteCount)
      // It trains.
      let trainer = try Trainer(recipe: recipe, dataset: data, communicator: SoloCommunicator())
      #expect(trainer.model.imageShape.dimensions == shape)
    }
    for text in ["", "32x", "2x2", "32x32x2", "axb", "1x2x3x4", "70000", "-3"] {
      #expect { try StandIn(shape: text, classes: 1, samples: 100, for: recipe("vectors")) } throws: {
        "\($0)".hasPrefix("--shape \(text): ")
      }
    }
  }

  @Test("large data are counted in full, and stood for by less")
  func large() throws {
    let standIn = try StandIn(shape: "128x128x3", classes: 10, samples: 10_000_000, for: recipe("digits"))
    let data = try standIn.dataset(on: SoloCommunicator())
    #expect(standIn.byteCount == 10_000_000 * (49_152 + 4))
    #expect(data.training.count < 2_000 && data.training.count >= 64)
    #expect((0..<20).map { data.training.label(at: $0) } == (0..<20).map { $0 % 10 })
  }
}
