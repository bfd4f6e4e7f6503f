import Communication
import Datasets
import Evaluation
import Layers
import Tensors
import Testing

@Suite struct ClassifierTests {
  /// The parameters of a classifier of the digits after 300 steps of 64 images.
  static let trained = Result {
    let dataset = Digits.load()
    let classifier = try Classifier(imageShape: dataset.imageShape, classCount: 10)
    try classifier.train(on: dataset.training, iterations: 300, seed: 1, communicator: SoloCommunicator())
    return Array(classifier.parameters.values.values)
  }

  /// A classifier of the digits with those parameters.
  static func make() throws -> Classifier {
    let classifier = try Classifier(imageShape: Digits.load().imageShape, classCount: 10)
    _ = classifier.parameters.values.values.update(fromContentsOf: try trained.get())
    return classifier
  }

  @Test("after 300 steps it knows 9 of 10 digits that it never saw; untrained, it guesses")
  func accuracy() throws {
    let dataset = Digits.load()
    let accuracy = try Self.make().accuracy(on: dataset.test, communicator: SoloCommunicator())
    #expect(accuracy >= 0.9, "\(accuracy)")
    let untrained = try Classifier(imageShape: dataset.imageShape, classCount: 10)
    untrained.parameters.initialize(seed: 1)
    #expect(try untrained.accuracy(on: dataset.test, communicator: SoloCommunicator()) < 0.4)
  }

  @Test("its accuracy is the share of images that get their own class, on any number of ranks")
  func definition() throws {
    let set = Digits.load().test[0..<150]
    let classifier = try Self.make()
    var right = 0
    for index in 0..<set.count {
      // Alone in a block: what else lies there does not matter.
      let found = try classifier.classes(count: 1) { set.write(index: index, to: $1) }
      right += found == [set.label(at: index)] ? 1 : 0
    }
    let expected = Double(right) / 150
    for ranks in 1...3 {
      let found = try InProcessCommunicator.run(ranks: ranks) { communicator in
        try Self.make().accuracy(on: set, communicator: communicator)
      }
      #expect(found.allSatisfy { abs($0 - expected) < 1e-12 }, "\(ranks) ranks: \(found), not \(expected)")
    }
  }

  @Test("ranks train it together: all hold the same bits, those of one rank up to the order of sums")
  func training() throws {
    let train = { (ranks: Int) in
      try InProcessCommunicator.run(ranks: ranks) { communicator in
        let dataset = Digits.load()
        let classifier = try Classifier(imageShape: dataset.imageShape, classCount: 10)
        try classifier.train(on: dataset.training, iterations: 4, seed: 3, communicator: communicator)
        return Array(classifier.parameters.values.values)
      }
    }
    let (alone, shared) = (try train(1)[0], try train(3))
    #expect(shared.allSatisfy { $0 == shared[0] })
    // Adam's steps have the size of the rate, 1e-3; where a gradient is nothing but rounding they may differ.
    let difference = zip(shared[0], alone).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }.squareRoot()
    let size = alone.reduce(0.0) { $0 + Double($1 * $1) }.squareRoot()
    #expect(difference <= 1e-4 * size, "\(difference / size)")
    let dataset = Digits.load()
    let start = try Classifier(imageShape: dataset.imageShape, classCount: 10)
    start.parameters.initialize(seed: 3)
    #expect(Array(start.parameters.values.values) != alone, "it has moved")
  }

  @Test("quantities of vectors are read, and those of other samples are not found")
  func quantities() throws {
    let dataset = Synthetic.process.load()
    let conditions = { (set: ImageSet) in Conditions(rows: set.conditions!.values, size: 2, seed: 1) }
    let network = try Classifier(imageShape: dataset.imageShape, target: .quantities(2))
    try network.train(
      on: dataset.training, conditions: conditions(dataset.training), iterations: 600, seed: 1,
      communicator: SoloCommunicator())
    let solo = SoloCommunicator()
    let real = try QuantityScores.measure(
      real: dataset.test, conditions: conditions(dataset.test), network: network, communicator: solo)
    // The load shows in every column; the switch in the spread of one of them, nearly not.
    #expect(real.explained > 0.7 && real.worstQuantity == 1 && real.worstExplained < 0.4)
    let others = Conditions(
      rows: dataset.test.conditions!.values.dropFirst(2) + dataset.test.conditions!.values.prefix(2), size: 2, seed: 1)
    let mixed = try QuantityScores.measure(
      real: dataset.test, conditions: others, network: network, communicator: solo)
    #expect(mixed.explained < 0)
    let check = try QualityCheck(network, dataset: dataset, classes: 1, samples: 500, communicator: solo)
    let floor = try #require(check.floor.columns)
    #expect(floor.worstKolmogorovSmirnov < 0.1 && check.floor.roughness == nil && check.floor.intraClassFrechet == nil)
    #expect(check.floor.findings(against: check.floor).isEmpty)
  }
}
