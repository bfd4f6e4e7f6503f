import Testing

@testable import Measures

/// Against `Tests/Reference/measures_reference.py`.
@Suite struct ColumnScoresTests {
  private func isNear(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-9 * abs(b) }

  @Test("column by column they are SciPy's and NumPy's")
  func reference() throws {
    let found = try ColumnScores(of: MeasuresTests.samples, among: MeasuresTests.real, columns: 8)
    #expect(isNear(found.worstKolmogorovSmirnov, 0.18416666666666667) && found.worstColumn == 0)
    #expect(isNear(found.meanKolmogorovSmirnov, 0.11666666666666667))
    #expect(isNear(try #require(found.correlationDistance), 0.06660680783581858))
  }

  @Test("of single numbers every direction is the one, and the distance is SciPy's")
  func sliced() throws {
    let first = { (features: Features) in
      Features(width: 1, doubles: stride(from: 0, to: features.values.count, by: 8).map { features.values[$0] })
    }
    let found = try ColumnScores(of: first(MeasuresTests.samples), among: first(MeasuresTests.real), columns: 1)
    #expect(isNear(found.slicedWasserstein, 0.2633408378064632) && found.correlationDistance == nil)
  }

  @Test("equal samples have distance 0, shifted ones that of the shift, ties count once")
  func extremes() throws {
    let same = try ColumnScores(of: MeasuresTests.real, among: MeasuresTests.real, columns: 4)
    #expect(same.worstKolmogorovSmirnov == 0 && same.slicedWasserstein == 0 && same.correlationDistance == 0)
    #expect(kolmogorovSmirnov([1, 1, 2], [3, 4]) == 1 && kolmogorovSmirnov([1, 1, 2], [1, 1, 2]) == 0)
    #expect(abs(wasserstein([0, 1, 2, 3], [5, 6, 7, 8]) - 5) < 1e-12)
    let broken = Features(width: 2, values: [0, .nan, 1, 2])
    #expect(throws: MeasureError.notFinite(measure: "Kolmogorov–Smirnov distance")) {
      try ColumnScores(of: broken, among: broken, columns: 2)
    }
  }
}
