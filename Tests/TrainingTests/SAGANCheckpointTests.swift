import Checkpoints
import Communication
import Datasets
import Foundation
import Testing

@testable import Training

/// Everything that a SAGAN keeps between iterations survives a checkpoint; what samples depend on travels with it.
@Suite(.serialized) struct SAGANCheckpointTests {
  private static func recipe(_ more: String...) throws -> Recipe {
    try Recipe(
      yaml: Recipe.embedded(named: "digits").yaml, origin: "digits",
      settings: [
        "model.noiseSize=16", "model.generator.channels=[16, 8, 8]", "model.discriminator.channels=[8, 8, 16]",
        "model.generator.spectralNorm=true", "training.batchSize=12", "training.discriminatorSteps=2",
      ] + more)
  }

  private func withPath(_ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.path + "/lockstep-\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  private struct Outcome: Sendable {
    let snapshot: Snapshot
    /// 128 samples.
    let samples: [UInt32]
  }

  /// Goes on from `file`, if any, to `iteration`; writes a checkpoint to `path`, if any.
  private func run(
    _ recipe: Recipe, ranks: Int, from file: String? = nil, to iteration: Int, path: String? = nil
  ) throws -> Outcome {
    let dataset = try DatasetSource(recipe.data.source).load(resolution: recipe.resolution())
    return try InProcessCommunicator.run(ranks: ranks) { communicator in
      let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: communicator)
      if let file { try trainer.restore(from: communicator.rank == 0 ? SafetensorsFile(path: file) : nil) }
      while trainer.iteration < iteration { try trainer.runIteration() }
      try trainer.refreshEvaluation()
      if let path, communicator.rank == 0 { try trainer.writeCheckpoint(to: path) }
      let samples = try (0..<2).flatMap { block in
        try trainer.evaluation.sample(block: block, iteration: 7) { trainer.conditions.write(class: $0 % 10, to: $1) }
          .map(\.bitPattern)
      }
      return Outcome(snapshot: Snapshot(trainer), samples: samples)
    }[0]
  }

  /// The same samples from a checkpoint, as every rank draws them.
  private func samples(ofModelAt path: String, ranks: Int) throws -> [[UInt32]] {
    try InProcessCommunicator.run(ranks: ranks) { communicator in
      let model = try SavedModel(path: path, communicator: communicator)
      return try (0..<2).flatMap { block in
        try model.programs.sample(block: block, iteration: 7) { index, condition in
          for k in 0..<10 { condition[k] = k == index % 10 ? 1 : 0 }
        }.map(\.bitPattern)
      }
    }
  }

  @Test(
    "a checkpoint between evaluations holds no statistics, and gives the samples of one that does", arguments: [1, 2])
  func statisticsOnDemand(ranks: Int) throws {
    let recipe = try Self.recipe()
    let dataset = try DatasetSource(recipe.data.source).load(resolution: recipe.resolution())
    try withPath { with in
      try withPath { without in
        let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: SoloCommunicator())
        for _ in 0..<3 { try trainer.runIteration() }
        try trainer.writeCheckpoint(to: without)
        try trainer.refreshEvaluation()
        try trainer.writeCheckpoint(to: with)
        let names = (try SafetensorsFile(path: with).names, try SafetensorsFile(path: without).names)
        #expect(names.0.contains { $0.hasSuffix("/statistics") } && !names.1.contains { $0.hasSuffix("/statistics") })
        let samples = try (samples(ofModelAt: with, ranks: ranks), samples(ofModelAt: without, ranks: ranks))
        // Sums over the ranks come in another order.
        for (a, b) in zip(samples.0[0], samples.1[0]) {
          #expect(abs(Float(bitPattern: a) - Float(bitPattern: b)) <= (ranks == 1 ? 0 : 1e-5))
        }
      }
    }
  }

  @Test("8 iterations equal 4, checkpoint, resume, 4, bit for bit and in all that is kept", arguments: [1, 2])
  func resume(ranks: Int) throws {
    let recipe = try Self.recipe()
    try withPath { halfway in
      try withPath { whole in
        try withPath { resumed in
          let straight = try run(recipe, ranks: ranks, to: 8, path: whole)
          let half = try run(recipe, ranks: ranks, to: 4, path: halfway)
          #expect(half.snapshot != straight.snapshot)
          let again = try run(recipe, ranks: ranks, from: halfway, to: 8, path: resumed)
          #expect(again.snapshot == straight.snapshot)
          #expect(again.samples == straight.samples)
          // Moments, average, singular vectors, statistics and counters too.
          #expect(try Data(contentsOf: URL(fileURLWithPath: resumed)) == Data(contentsOf: URL(fileURLWithPath: whole)))
        }
      }
    }
  }

  @Test("a checkpoint holds singular vectors, those of the average, norm statistics and the average")
  func contents() throws {
    try withPath { path in
      _ = try run(Self.recipe(), ranks: 1, to: 2, path: path)
      let file = try SafetensorsFile(path: path)
      for (name, count) in [
        ("generator/input/kernel", 16 * 256), ("generator/input/kernel/u", 256), ("generator/input/kernel/v", 16),
        ("average/generator/input/kernel", 16 * 256), ("average/generator/input/kernel/u", 256),
        ("average/generator/input/kernel/v", 16), ("generator/block1/norm1/statistics", 32),
        ("generator/block2/norm2/statistics", 16), ("generator/norm/statistics", 16),
        ("generator/block1/norm1/gain", 160), ("generator/attention8/gate", 1),
        ("discriminator/block1/conv1/kernel/v", 9), ("discriminator/embedding/table/u", 16),
        ("discriminator/attention8/query/kernel/u", 4), ("adam/secondMoment/discriminator/output/kernel", 16),
      ] {
        #expect(file.contains(name), "\(name)")
        if file.contains(name) { #expect(try file.shape(of: name).count == count, "\(name)") }
      }
      func numbers(_ name: String) throws -> [Float] {
        var values = [Float](repeating: 0, count: try file.shape(of: name).count)
        try values.withUnsafeMutableBytes { try file.read(name, into: $0) }
        return values
      }
      // Singular vectors have length 1 and are not averaged ones; variances are positive.
      for name in file.names.filter({ $0.hasSuffix("/u") || $0.hasSuffix("/v") }) {
        let length = try numbers(name).reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect(abs(length - 1) < 1e-5, "\(name): \(length)")
      }
      for name in file.names.filter({ $0.hasSuffix("/statistics") }) {
        let both = try numbers(name)
        #expect(both[(both.count / 2)...].allSatisfy { $0 > 0 }, "\(name)")
      }
      #expect(!file.names.contains { $0.hasPrefix("average/discriminator") || $0.hasSuffix("/statistics/u") })
      #expect(!file.names.contains { $0.hasPrefix("adam/") && ($0.hasSuffix("/u") || $0.hasSuffix("/statistics")) })
    }
  }

  @Test(
    "a saved model draws the samples that the trainer drew, bit for bit, on one rank and on two",
    arguments: ["training.averageDecay=0.9", "training.averageDecay=none"], [1, 2])
  func saved(setting: String, ranks: Int) throws {
    try withPath { path in
      let trained = try run(Self.recipe(setting), ranks: ranks, to: 4, path: path)
      #expect(Set(trained.samples).count > 10_000, "pictures")
      for count in 1...2 {
        #expect(try samples(ofModelAt: path, ranks: count).allSatisfy { $0 == trained.samples }, "\(count) ranks")
      }
    }
  }
}
