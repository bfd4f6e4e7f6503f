import Communication
import Datasets
import Layers
import Optimization
import Tensors
import TestSupport

@testable import Training

/// All parameters of a trainer, by name, as they were at one moment.
struct Snapshot: Sendable, Equatable {
  /// In the order of the networks' tables.
  let tensors: [(name: String, values: [Float])]

  init(_ trainer: Trainer) {
    tensors = [trainer.generator, trainer.discriminator].flatMap { network in
      network.parameters.entries.map {
        ($0.name, Array(network.parameters.slice($0, of: network.parameters.values)))
      }
    }
  }

  subscript(name: String) -> [Float]? { tensors.first { $0.name == name }?.values }

  /// The same bits, not only equal numbers.
  static func == (a: Snapshot, b: Snapshot) -> Bool {
    a.tensors.map(\.name) == b.tensors.map(\.name)
      && zip(a.tensors, b.tensors).allSatisfy { $0.values.map(\.bitPattern) == $1.values.map(\.bitPattern) }
  }

  /// Where this and `other` do not agree as two ways of computing one run should.
  func disagreements(with other: Snapshot, learningRate: Double, iterations: Int) -> [String] {
    TestSupport.disagreements(tensors, other.tensors, learningRate: learningRate, iterations: iterations)
  }
}

/// A recipe that comes with the program, changed by `settings`.
func recipe(_ name: String, _ settings: String...) throws -> Recipe {
  try Recipe(yaml: Recipe.embedded(named: name).yaml, origin: name, settings: settings)
}

/// Trains on the embedded digits with `ranks` ranks, each a thread of this process; what every rank ends with.
func train(_ recipe: Recipe, ranks: Int, iterations: Int) throws -> [Snapshot] {
  let dataset = try DatasetSource(recipe.data.source).load(resolution: recipe.resolution())
  return try InProcessCommunicator.run(ranks: ranks) { communicator in
    let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: communicator)
    for _ in 0..<iterations { try trainer.runIteration() }
    return Snapshot(trainer)
  }
}
