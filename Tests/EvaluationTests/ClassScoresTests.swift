import Communication
import Datasets
import Evaluation
import Tensors
import Testing

@Suite struct ClassScoresTests {
  /// The mean over classes and pixels of the standard deviation within a class, the slow way: means first.
  private func slowDeviation(_ images: [[Float]], labels: [Int]) -> Double {
    let classes = Dictionary(grouping: images.indices) { labels[$0] }.values.filter { $0.count >= 2 }
    let pixels = images[0].count
    let deviations = classes.map { members -> Double in
      (0..<pixels).reduce(0.0) { total, pixel in
        let values = members.map { Double(images[$0][pixel]) }
        let mean = values.reduce(0, +) / Double(values.count)
        let sum = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return total + (sum / Double(values.count - 1)).squareRoot()
      } / Double(pixels)
    }
    return deviations.reduce(0, +) / Double(deviations.count)
  }

  private func floats(of set: ImageSet) -> [[Float]] {
    (0..<set.count).map { index in
      [Float](unsafeUninitializedCapacity: set.imageShape.count) { buffer, count in
        if let pointer = buffer.baseAddress { set.write(index: index, to: pointer) }
        count = set.imageShape.count
      }
    }
  }

  @Test("the deviation within classes equals the formula's")
  func deviation() {
    let set = Digits.load().test
    let labels = (0..<set.count).map { set.label(at: $0) }
    let found = ClassScores.meanDeviationWithinClasses(of: set, classes: 10)
    let expected = slowDeviation(floats(of: set), labels: labels)
    // Σx² − n·mean² of some dozen doubles below 1.
    #expect(abs(found - expected) < 1e-10, "\(found), not \(expected)")
    // A class of one image has none, and classes without images do not count.
    let few = set[0..<11]
    #expect(
      abs(
        ClassScores.meanDeviationWithinClasses(of: few, classes: 12)
          - slowDeviation(floats(of: few), labels: Array(labels[0..<11]))) < 1e-10)
    #expect(ClassScores.meanDeviationWithinClasses(of: set[0..<1], classes: 10) == 0)
  }

  @Test("other real images have a spread near 1, copies of one image per class a spread of 0")
  func realSpread() throws {
    let dataset = Digits.load()
    let real = ClassScores.meanDeviationWithinClasses(of: dataset.training, classes: 10)
    let spread = ClassScores.meanDeviationWithinClasses(of: dataset.test, classes: 10) / real
    #expect(abs(spread - 1) < 0.1, "\(spread)")
    let one = dataset.training[0..<1]
    let copies = ImageSet(
      imageShape: one.imageShape, pixels: (0..<5).flatMap { _ in one.bytes(at: 0) }[...], labels: [3, 3, 3, 3, 3])
    #expect(ClassScores.meanDeviationWithinClasses(of: copies, classes: 10) < 1e-7)
  }

  static let realDeviation = 0.5

  private func scores(ranks: Int, samples: Int) throws -> [ClassScores] {
    try InProcessCommunicator.run(ranks: ranks) { communicator in
      let model = try SAGANModel(communicator: communicator)
      return try ClassScores.measure(
        model.programs, classifier: ClassifierTests.make(), classes: 10, samples: samples,
        realDeviation: Self.realDeviation, iteration: 2, conditions: model.training)
    }
  }

  @Test("scores are those of the samples one by one, with as many of every class")
  func definition() throws {
    let model = try SAGANModel(communicator: SoloCommunicator())
    // 139 samples cannot be shared out: 13 of each class, the last block a part of one.
    let drawn = try Sampler(model.programs, communicator: SoloCommunicator()).images(count: 130, iteration: 2) {
      model.training.write(class: $0 % 10, to: $1)
    }
    let numbers = try #require(drawn)
    let images = (0..<130).map { Array(numbers[$0 * 256..<($0 + 1) * 256]) }
    let labels = (0..<130).map { $0 % 10 }
    let classifier = try ClassifierTests.make()
    let isRight = try images.indices.map { index in
      try classifier.classes(count: 1) { _, target in
        images[index].withUnsafeBufferPointer { target.update(from: $0.baseAddress!, count: 256) }
      } == [labels[index]]
    }
    let shares = (0..<10).map { label in
      Double(isRight.indices.count { labels[$0] == label && isRight[$0] }) / 13
    }
    let found = try scores(ranks: 1, samples: 139)[0]
    #expect(abs(found.accuracy - shares.reduce(0, +) / 10) < 1e-12)
    #expect(abs(found.worstAccuracy - (shares.min() ?? 0)) < 1e-12)
    #expect(shares[found.worstClass] == shares.min())
    #expect(abs(found.spread - slowDeviation(images, labels: labels) / Self.realDeviation) < 1e-9)
  }

  /// Sums of doubles in another order.
  static let tolerance = 1e-9

  @Test("scores are the same on one rank, two and three, and all ranks know them")
  func ranks() throws {
    let alone = try scores(ranks: 1, samples: 139)[0]
    for ranks in 2...3 {
      for shared in try scores(ranks: ranks, samples: 139) {
        #expect(abs(shared.accuracy - alone.accuracy) <= Self.tolerance)
        #expect(abs(shared.worstAccuracy - alone.worstAccuracy) <= Self.tolerance)
        #expect(shared.worstClass == alone.worstClass)
        #expect(abs(shared.spread - alone.spread) <= Self.tolerance)
      }
    }
  }

  @Test("even one asked sample means two of every class")
  func fewest() throws {
    let found = try scores(ranks: 1, samples: 1)[0]
    #expect((found.accuracy * 20).rounded() == found.accuracy * 20)
    #expect(found.spread > 0)
  }
}
