import Communication
import Datasets
import Measures
import Testing

@testable import Evaluation

@Suite struct QualityScoresTests {
  /// Every pixel of `set` changed.
  private func changed(_ set: ImageSet, _ change: (Int, UInt8) -> UInt8) -> ImageSet {
    let pixels = (0..<set.count).flatMap { index in
      set.bytes(at: index).enumerated().map { change($0.offset, $0.element) }
    }
    return ImageSet(
      imageShape: set.imageShape, pixels: pixels[...], labels: (0..<set.count).map { Int32(set.label(at: $0)) }[...])
  }

  /// Scores of images as if they were samples, over so many ranks.
  private func scores(of set: ImageSet, ranks: Int = 1) throws -> [QualityScores] {
    try InProcessCommunicator.run(ranks: ranks) { communicator in
      let classifier = try ClassifierTests.make()
      let check = try QualityCheck(
        classifier, dataset: Digits.load(), classes: 10, samples: set.count, communicator: communicator)
      let table = FeatureTable(count: set.count, imageShape: set.imageShape)
      for first in stride(from: 64 * communicator.rank, to: set.count, by: 64 * communicator.size) {
        let rows = min(64, set.count - first)
        var images = [Float](repeating: 0, count: 64 * 256)
        images.withUnsafeMutableBufferPointer { images in
          for row in 0..<rows { set.write(index: first + row, to: images.baseAddress! + row * 256) }
        }
        _ = try classifier.classes(count: rows) { row, target in set.write(index: first + row, to: target) }
        images.withUnsafeMutableBufferPointer {
          table.add(classifier.features, images: $0, first: first, rows: rows)
        }
      }
      return try check.scores(table)
    }
  }

  @Test("any number of ranks finds the same bits")
  func ranks() throws {
    let set = Digits.load().test
    let alone = try scores(of: set)
    for ranks in [2, 3] { #expect(try scores(of: set, ranks: ranks).allSatisfy { $0 == alone[0] }) }
  }

  @Test("what is wrong with samples is found: copies, speckle, narrowing")
  func findings() throws {
    let dataset = Digits.load()
    let check = try QualityCheck(
      ClassifierTests.make(), dataset: dataset, classes: 10, samples: 297, communicator: SoloCommunicator())
    #expect(check.floor.findings(against: check.floor) == [])
    #expect(abs(try #require(check.floor.roughness) - 1) < 0.1)
    // Images that were trained on.
    let copied = try scores(of: dataset.training[0..<297])[0]
    #expect(copied.memorisation.copiedShare == 1)
    #expect(copied.findings(against: check.floor).contains { $0.contains("repeats") })
    // Alternating pixels.
    let rough = try scores(of: changed(dataset.test) { $0 % 2 == 0 ? $1 : $1 / 2 + 60 })[0]
    #expect(rough.findings(against: check.floor).contains { $0.contains("speckle") })
    // One image of a class, again and again: good one by one.
    let first = (0..<10).map { label in dataset.test.firstIndex(ofClass: label) }
    let narrow = try scores(of: dataset.test.selecting((0..<297).map { first[$0 % 10] }))[0]
    #expect(narrow.placement.coverage < 0.2)
    #expect(narrow.findings(against: check.floor).contains { $0.contains("narrows") })
  }

  @Test("samples that are not finite are refused by name, and no share is too large to be told")
  func notFinite() throws {
    let check = try QualityCheck(
      ClassifierTests.make(), dataset: Digits.load(), classes: 10, samples: 20, communicator: SoloCommunicator())
    let table = FeatureTable(count: 20, imageShape: [16, 16, 1])
    var features = [Float](repeating: Float.nan, count: 64 * Classifier.featureWidth)
    var images = [Float](repeating: Float.nan, count: 64 * 256)
    features.withUnsafeMutableBufferPointer { features in
      images.withUnsafeMutableBufferPointer { table.add(features, images: $0, first: 0, rows: 20) }
    }
    #expect(throws: MeasureError.self) { try check.scores(table) }
    var scores = check.floor
    for (roughness, words) in [
      (Double.infinity, "over 1,000 times as rough as real images, which are smooth"), (1e300, "over 1,000 times"),
      (1000, "over 1,000 times"), (999.4, "They are 999 times as rough"), (10, "10 times"), (9.99, "999 % as rough"),
      (0.5, "50 % as rough as real images: blurred"), (0, "0 % as rough"), (.nan, nil), (1, nil),
    ] as [(Double, String?)] {
      scores.roughness = roughness
      let found = scores.findings(against: check.floor)
      #expect(found.count == (words == nil ? 0 : 1))
      if let words { #expect(found.first?.contains(words) == true, "\(found)") }
    }
  }

  @Test(
    "against real images without detail roughness is bounded; samples without any are as smooth",
    arguments: [
      (0.0, 0.0, 1.0), (0, 1e-6, 1), (1e-4, 0, 1), (0, 1, 981), (0, 5, 1000), (1e-9, 0.01, 9.81), (5, 5, 1), (5, 10, 2),
      (5, 1, 0.2),
    ])
  func smoothReal(real: Double, samples: Double, ratio: Double) throws {
    let least = FeatureTable.roundingRoughness(shape: [16, 16, 1])
    #expect(abs(least - 196 * 4 / 65_025.0 / 12 * 8 / 9) < 1e-12)
    let found = try #require(QualityCheck.ratio(samples, to: real, least: least))
    #expect(abs(found - min(1000, max(least, samples) / max(least, real))) < 1e-9)
    #expect(abs(found - ratio) < 0.2 * ratio)
    // What has no pixels with neighbours has no roughness.
    #expect(QualityCheck.ratio(samples, to: real, least: FeatureTable.roundingRoughness(shape: [1, 5, 1])) == nil)
  }

  @Test("findings use the words of the samples, and columns by their names")
  func words() throws {
    let check = try QualityCheck(
      ClassifierTests.make(), dataset: Digits.load(), classes: 10, samples: 297, communicator: SoloCommunicator())
    var (scores, floor) = (check.floor, check.floor)
    let rows = Features(width: 2, doubles: (0..<40).flatMap { [Double($0), Double($0 % 7)] })
    let moved = Features(width: 2, doubles: (0..<40).flatMap { [Double($0), Double($0 % 7 + 20)] })
    scores.columns = try ColumnScores(of: moved, among: rows, columns: 2)
    floor.columns = try ColumnScores(of: rows, among: rows, columns: 2)
    let layout = SampleLayout(kind: .vectors, columns: [Column(name: "load"), Column(name: "image size")])
    let found = scores.findings(against: floor, layout: layout)
    #expect(found.contains { $0.hasPrefix("Column image size is distributed otherwise") }, "\(found)")
    let unnamed = scores.findings(against: floor, layout: SampleLayout(kind: .sequences))
    #expect(unnamed.contains { $0.hasPrefix("Column 2 is distributed otherwise") }, "\(unnamed)")
    scores.roughness = 2
    #expect(scores.findings(against: floor, layout: layout).contains("They are 200 % as rough as real rows: speckle."))
    #expect(
      scores.findings(against: floor, layout: SampleLayout(kind: .sequences)).contains(
        "They are 200 % as rough as real series: speckle."))
  }

  @Test("roughness is the energy that a 3×3 mean takes away")
  func roughness() {
    // One bright pixel in the middle of 5×5: 8/9 of it goes, and its eight neighbours have a ninth of it too little.
    var image = [Float](repeating: 0, count: 25)
    image[12] = 1
    let found = image.withUnsafeBufferPointer { FeatureTable.roughness($0, shape: [5, 5, 1]) }
    #expect(abs(found - (64 + 8) / 81) < 1e-6)
    let flat = [Float](repeating: 0.5, count: 75)
    #expect(flat.withUnsafeBufferPointer { FeatureTable.roughness($0, shape: [5, 5, 3]) } < 1e-10)
  }
}

extension ImageSet {
  fileprivate func firstIndex(ofClass label: Int) -> Int { (0..<count).first { self.label(at: $0) == label } ?? 0 }

  fileprivate func selecting(_ indices: [Int]) -> ImageSet {
    ImageSet(
      imageShape: imageShape, pixels: indices.flatMap { bytes(at: $0) }[...],
      labels: indices.map { Int32(label(at: $0)) }[...])
  }
}
