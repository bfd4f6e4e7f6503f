import Communication
import Evaluation
import Testing

@Suite struct DiscriminatorScoresTests {
  private func scores(ranks: Int, samples: Int) throws -> [DiscriminatorScores] {
    try InProcessCommunicator.run(ranks: ranks) { communicator in
      let model = try TestModel(communicator: communicator)
      return try DiscriminatorScores.measure(
        model.programs, training: (model.dataset.training, model.training), test: (model.dataset.test, model.test),
        samples: samples, iteration: 3)
    }
  }

  /// Sums of doubles in another order: 1e-16 of each term.
  static let tolerance = 1e-12

  @Test("scores do not depend on the number of ranks, and all ranks know them", arguments: 2...4)
  func ranks(ranks: Int) throws {
    let alone = try scores(ranks: 1, samples: 300)[0]
    for shared in try scores(ranks: ranks, samples: 300) {
      for kind in [\DiscriminatorScores.training, \.test, \.fake] {
        #expect(abs(shared[keyPath: kind].loss - alone[keyPath: kind].loss) <= Self.tolerance)
        #expect(shared[keyPath: kind].accuracy == alone[keyPath: kind].accuracy)
      }
    }
  }

  @Test("scores are those of the judged samples, one by one")
  func definition() throws {
    let communicator = SoloCommunicator()
    let model = try TestModel(communicator: communicator)
    // 70 samples: a full block and a part of one. Of 297 test images, every 4.24th is judged.
    let scores = try DiscriminatorScores.measure(
      model.programs, training: (model.dataset.training, model.training), test: (model.dataset.test, model.test),
      samples: 70, iteration: 0)
    for score in [scores.training, scores.test, scores.fake] {
      #expect(score.loss > 0.1 && score.loss < 3, "an untrained discriminator is near ln 2")
      #expect((score.accuracy * 70).rounded() / 70 == score.accuracy, "a share of 70 samples")
    }
    // More samples than there are test images: each once.
    let all = try DiscriminatorScores.measure(
      model.programs, training: (model.dataset.training, model.training), test: (model.dataset.test, model.test),
      samples: 1_000, iteration: 0)
    #expect(abs((all.test.accuracy * 297).rounded() - all.test.accuracy * 297) < 1e-9)
    #expect(abs((all.fake.accuracy * 1_000).rounded() - all.fake.accuracy * 1_000) < 1e-9)
  }

  @Test("every block of fakes is another one")
  func blocks() throws {
    let one = try scores(ranks: 1, samples: 64)[0]
    let two = try scores(ranks: 1, samples: 128)[0]
    #expect(one.fake.loss != two.fake.loss)
  }

  @Test("a series of fakes is the iteration's own")
  func series() throws {
    let communicator = SoloCommunicator()
    let model = try TestModel(communicator: communicator)
    let measure = { (iteration: UInt64) in
      try DiscriminatorScores.measure(
        model.programs, training: (model.dataset.training, model.training), test: (model.dataset.test, model.test),
        samples: 64, iteration: iteration)
    }
    #expect(try measure(1) == measure(1))
    #expect(try measure(1).fake != measure(2).fake)
    #expect(try measure(1).test == measure(2).test)
  }
}
