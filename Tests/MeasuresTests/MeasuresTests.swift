import Communication
import Testing

@testable import Measures

/// Against `Tests/Reference/measures_reference.py`, which says how the features are made.
@Suite struct MeasuresTests {
  static func features(_ count: Int, _ width: Int = 8, seed: UInt64, shift: Double) -> Features {
    var state = seed
    var values: [Float] = []
    for _ in 0..<count {
      for column in 0..<width {
        var total = 0.0
        for _ in 0..<4 {
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          total += Double(state >> 40) / 16_777_216
        }
        values.append(Float((total - 2) * (1 + Double(column) / 4) + shift))
      }
    }
    return Features(width: width, values: values)
  }

  static let real = features(400, seed: 1, shift: 0)
  static let samples = features(300, seed: 2, shift: 0.25)

  private func isNear(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool { abs(a - b) <= tolerance * abs(b) }

  @Test("Fréchet distances are SciPy's")
  func frechet() throws {
    let (a, b) = (try Moments(Self.real), try Moments(Self.samples))
    #expect(isNear(frechetDistance(a, b), 0.5702127393621639, 1e-9))
    #expect(isNear(frechetDistance(b, a), 0.5702127393621639, 1e-9))
    let halves = (try Moments(Self.real.selecting(0..<200)), try Moments(Self.real.selecting(200..<400)))
    #expect(isNear(frechetDistance(halves.0, halves.1), 0.23898284055623337, 1e-9))
    #expect(frechetDistance(a, a) < 1e-10)
    let labels = { (count: Int) in (0..<count).map { $0 % 3 } }
    let intra = try intraClassFrechetDistance(
      Self.real, Self.samples, labels: (labels(400), labels(300)), classes: 3)
    #expect(isNear(try #require(intra), 0.965583873171544, 1e-9))
    #expect(
      try intraClassFrechetDistance(Self.real, Self.samples, labels: (labels(400), labels(300)), classes: 4) == nil)
  }

  @Test("a covariance of fewer samples than features is refused with the number needed")
  func few() throws {
    let needed = MeasureError.tooFew(measure: "Fréchet distance", count: 8, needed: 9)
    #expect(throws: needed) { try Moments(Self.real.selecting(0..<8)) }
    #expect("\(needed)" == "Fréchet distance: 8 samples are too few, it takes at least 9")
    let broken = Features(width: 2, values: [0, 1, 2, Float.nan, 3, 4, 5, 6])
    #expect(throws: MeasureError.notFinite(measure: "Fréchet distance")) { try Moments(broken) }
  }

  @Test("the kernel distance is NumPy's, and 0 within its error for one distribution")
  func kernel() throws {
    let found = try kernelDistance(Self.real, Self.samples)
    #expect(isNear(found.value, 0.14657065230249722, 1e-9))
    #expect(isNear(found.standardError, 0.09752890520459047, 1e-9))
    let same = try kernelDistance(Self.real, Self.features(400, seed: 3, shift: 0))
    #expect(abs(same.value) < 3 * same.standardError)
    #expect(throws: MeasureError.self) { try kernelDistance(Self.real.selecting(0..<7), Self.samples) }
  }

  @Test("precision, recall, density and coverage are those of all distances")
  func placement() throws {
    let found = try Placement(of: Self.samples, among: RealNeighbours(Self.real))
    #expect(found.precision == 0.85 && found.recall == 0.84 && found.coverage == 0.905)
    #expect(isNear(found.density, 0.9326666666666666, 1e-12))
    // Tiles end within and behind 1,024 columns.
    let many = Self.features(1500, 3, seed: 5, shift: 0)
    let few = Self.features(130, 3, seed: 6, shift: 0.5)
    let nearest = try nearestDistances(of: few, among: many, k: 2, isSame: false)
    for row in [0, 63, 64, 129] {
      let distances = (0..<1500).map { other in
        (0..<3).reduce(0.0) {
          let d = few.values[row * 3 + $1] - many.values[other * 3 + $1]
          return $0 + d * d
        }
      }.sorted()
      #expect(abs(nearest[2 * row] - distances[0]) < 1e-12 && abs(nearest[2 * row + 1] - distances[1]) < 1e-12)
    }
  }

  @Test("copies of training images are found, images like held-out ones are none")
  func copies() throws {
    let training = Self.real.selecting(0..<250)
    let known = try KnownImages(training: training, heldOut: Self.real.selecting(250..<400))
    let fresh = try Memorisation(of: Self.samples, against: known)
    #expect(isNear(fresh.medianRatio, 1.0057020438628694, 1e-9) && fresh.copiedShare == 0)
    let copied = try Memorisation(of: training.selecting(0..<100), against: known)
    #expect(copied.medianRatio < 1e-6 && copied.copiedShare == 1)
  }

  @Test("any number of ranks finds the same bits")
  func ranks() throws {
    struct Found: Equatable, Sendable {
      var kernel: Estimate
      var placement: Placement
      var copies: Memorisation
    }
    @Sendable func measure(_ work: SharedWork) throws -> Found {
      try Found(
        kernel: kernelDistance(Self.real, Self.samples, work: work),
        placement: Placement(of: Self.samples, among: RealNeighbours(Self.real, work: work), work: work),
        copies: Memorisation(
          of: Self.samples, against: KnownImages(training: Self.real, heldOut: Self.samples, work: work), work: work))
    }
    let alone = try measure(SharedWork())
    for size in [2, 3] {
      let found = try InProcessCommunicator.run(ranks: size) { try measure(SharedWork($0)) }
      #expect(found.allSatisfy { $0 == alone })
    }
  }

  @Test("values of different protocols are not compared, and the field is named")
  func protocols() throws {
    let a = MeasurementProtocol([("features", "1f2e"), ("samples", "1000"), ("weights", "average")])
    let b = MeasurementProtocol([("features", "1f2e"), ("samples", "500"), ("weights", "average")])
    try a.check(comparableWith: a)
    #expect(throws: MeasureError.differentProtocols(field: "samples", "1000", "500")) {
      try a.check(comparableWith: b)
    }
    #expect(throws: MeasureError.differentProtocols(field: "norms", "not stated", "live")) {
      try a.check(comparableWith: MeasurementProtocol(a.fields + [("norms", "live")]))
    }
    try a.check(comparableWith: MeasurementProtocol(a.fields + [("seed", "7")]))
    #expect(try #require(MeasurementProtocol(text: "\(a)")) == a)
  }
}

@Suite struct ScatteredTests {
  @Test("orders hold every number once; choices are in order, spread, and of all classes that come in turns")
  func choices() {
    for count in [0, 1, 7, 1_000] { #expect(Scattered.order(of: count).sorted() == Array(0..<count)) }
    #expect(Scattered.choose(500, of: 500) == Array(0..<500) && Scattered.choose(0, of: 5).isEmpty)
    let chosen = Scattered.choose(1_000, of: 6_000)
    #expect(chosen == chosen.sorted() && Set(chosen).count == 1_000)
    #expect(zip(chosen, 0...).allSatisfy { $0 / 6 == $1 })
    // Every sixth of classes that come in turns of ten would be of five classes.
    let classes = (0..<10).map { label in chosen.count { $0 % 10 == label } }
    #expect(classes.allSatisfy { (70...130).contains($0) }, "\(classes)")
  }

  @Test(
    "samples of classes in turns and real ones of classes one after the other: parts of a kernel distance look alike")
  func balance() throws {
    // Class c lies at c; both sets are the same, in different orders.
    let inTurns = Features(width: 1, doubles: (0..<1_000).map { Double($0 % 10) })
    let sorted = Features(width: 1, doubles: (0..<1_000).map { Double($0 / 100) })
    let found = try kernelDistance(inTurns, sorted)
    #expect(abs(found.value) < 3 * found.standardError, "\(found)")
  }
}
