import Communication
import Evaluation
import Tensors
import Testing

/// Sampling with batch norms: statistics are measured once, by all ranks together, and belong to the model from then on.
@Suite struct SAGANSamplingTests {
  struct Drawn: Sendable {
    let statistics: [[Float]]
    /// On rank 0.
    let images: [Float]?
  }

  /// 130 samples under the classes 0, 1, … 9, 0, … in order.
  private func draw(ranks: Int) throws -> [Drawn] {
    try InProcessCommunicator.run(ranks: ranks) { communicator in
      let model = try SAGANModel(communicator: communicator)
      try model.programs.refresh(conditions: model.training)
      let images = try Sampler(model.programs, communicator: communicator).images(count: 130, iteration: 2) {
        model.training.write(class: $0 % 10, to: $1)
      }
      return Drawn(statistics: model.statistics.map(\.values), images: images)
    }
  }

  /// Sums of doubles in another order, then one rounding to float32.
  static let statisticsTolerance: Float = 1e-6
  /// Statistics that differ in the last bit, through five norms.
  static let imageTolerance: Float = 2e-5

  @Test("norm statistics and samples do not depend on the number of ranks; all ranks hold the same bits")
  func ranks() throws {
    let alone = try draw(ranks: 1)[0]
    let expected = try #require(alone.images)
    #expect(alone.statistics.count == 5)
    for ranks in 2...3 {
      let shared = try draw(ranks: ranks)
      #expect(shared.allSatisfy { $0.statistics == shared[0].statistics })
      for (found, expected) in zip(shared[0].statistics, alone.statistics) {
        let scale = expected.map { abs($0) }.max() ?? 0
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= Self.statisticsTolerance * scale }, "\(ranks) ranks")
      }
      let images = try #require(shared[0].images)
      #expect(images.count == expected.count)
      #expect(zip(images, expected).allSatisfy { abs($0 - $1) <= Self.imageTolerance }, "\(ranks) ranks")
    }
  }

  @Test("statistics are means and variances of what the generator makes, not where they start")
  func measured() throws {
    let model = try SAGANModel(communicator: SoloCommunicator())
    let before = model.statistics
    #expect(before.allSatisfy { $0.values == Array(repeating: 0, count: 8) + Array(repeating: 1, count: 8) })
    try model.programs.refresh(conditions: model.training)
    let after = model.statistics
    for ((name, old), (_, new)) in zip(before, after) {
      #expect(new != old && new[8...].allSatisfy { $0 > 0 }, "\(name): \(new)")
    }
    // A function of parameters and seed alone: once more, the same.
    try model.programs.refresh(conditions: model.training)
    #expect(model.statistics.map(\.values) == after.map(\.values))
  }

  @Test("an image does not depend on the others of its block, only on its own condition")
  func independence() throws {
    let model = try SAGANModel(communicator: SoloCommunicator())
    try model.programs.refresh(conditions: model.training)
    let pixels = model.programs.imageShape.count
    let image = { (row: Int, classOf: @escaping (Int) -> Int) throws -> [UInt32] in
      let block = try model.programs.sample(block: 1, iteration: 3) { model.training.write(class: classOf($0), to: $1) }
      return block[row * pixels..<(row + 1) * pixels].map(\.bitPattern)
    }
    for row in [0, 17, 63] {
      let sample = EvaluationPrograms.blockSize + row
      let before = try image(row) { $0 % 10 }
      #expect(try image(row) { $0 == sample ? $0 % 10 : 3 } == before, "other rows have other classes")
      #expect(try image(row) { $0 == sample ? ($0 + 1) % 10 : $0 % 10 } != before, "this row has another class")
    }
  }

  @Test("scores do not depend on the number of ranks, even where the discriminator looks at whole batches")
  func batchNormInTheDiscriminator() throws {
    // 70 images: a full block and six rows of another; what else is in that one must follow from those six.
    let scores = { (ranks: Int) in
      try InProcessCommunicator.run(ranks: ranks) { communicator in
        let model = try SAGANModel(communicator: communicator, discriminatorNorm: .batch)
        try model.programs.refresh(conditions: model.training)
        return try DiscriminatorScores.measure(
          model.programs, training: (model.dataset.training, model.training), test: (model.dataset.test, model.test),
          samples: 70, iteration: 3)
      }
    }
    let alone = try scores(1)[0]
    for shared in try scores(2) {
      for kind in [\DiscriminatorScores.training, \.test, \.fake] {
        // The fakes' own tolerance, through the discriminator.
        #expect(abs(shared[keyPath: kind].loss - alone[keyPath: kind].loss) <= 1e-4)
      }
    }
  }
}
