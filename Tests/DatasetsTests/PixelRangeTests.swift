import NumPyFiles
import Testing

@testable import Datasets

@Suite struct PixelRangeTests {
  /// The range guessed for these numbers, or a word why there is none.
  private func guess(_ numbers: [Double], _ type: ElementType) -> String {
    let seen = PixelEvidence(
      name: "x", type: type, least: numbers.min() ?? 0, most: numbers.max() ?? 0, imageCount: 40, count: numbers.count
    ) { range in
      var excess = PixelEvidence.Excess()
      for number in numbers { excess.add(number, beyond: range) }
      return excess
    }
    do throws(PixelDoubt) { return try PixelRange.guess(seen).description } catch {
      switch error {
      case .dim(let range): return "dim in \(range)"
      case .unusual: return "unusual"
      }
    }
  }

  /// 1,000 numbers, evenly from `least` to `most`.
  private static func even(_ least: Double, _ most: Double) -> [Double] {
    (0..<1_000).map { least + (most - least) * Double($0) / 999 }
  }

  private static let unit = even(0, 1)

  struct Case: Sendable, CustomTestStringConvertible {
    let numbers: [Double]
    let type: ElementType
    let expected: String

    init(_ numbers: [Double], _ type: ElementType, _ expected: String) {
      (self.numbers, self.type, self.expected) = (numbers, type, expected)
    }

    var testDescription: String { "\(numbers.min() ?? 0) to \(numbers.max() ?? 0) as \(type.name)" }
  }

  private static let floatCases: [Case] = [
    Case(unit, .float32, "[0,1]"),
    Case(unit + [1.0000004], .float32, "[0,1]"),
    Case(unit + [-1e-7, 1.02], .float32, "[0,1]"),
    Case(even(0, 0.7) + [-0.02], .float32, "[0,1]"),
    Case(even(0, 0.7) + [-0.4], .float32, "[0,1]"),
    // Sharp edges under a Lanczos filter: 5 % far beyond on both sides.
    Case(unit + even(-0.3, 0).suffix(25) + even(1, 1.35).prefix(25) + [-0.3, 1.35], .float32, "[0,1]"),
    Case(even(0, 255), .float32, "[0,255]"),
    Case(even(0, 255) + [-3.2, 255.3], .float32, "[0,255]"),
    Case(even(0, 255) + [258, -20], .float32, "[0,255]"),
    Case(even(0, 65_535), .float32, "[0,65535]"),
    Case(even(0, 65_535) + [-9, 65_540], .float32, "[0,65535]"),
    Case(even(-1, 1), .float32, "[-1,1]"),
    Case(even(-1, 1) + [1.0000001, -1.01], .float32, "[-1,1]"),
    Case(even(-0.9, 0.8), .float32, "[-1,1]"),
    Case([0, 1, 1, 0], .float32, "[0,1]"),
    Case([-1, 1, 1], .float32, "[-1,1]"),
    Case([0, 255, 0], .float32, "[0,255]"),
    Case(even(0, 0.1), .float32, "dim in [0,1]"),
    Case(even(0, 16), .float32, "dim in [0,255]"),
    Case(even(0, 16.3), .float32, "dim in [0,255]"),
    Case(even(0, 4_095), .float32, "dim in [0,65535]"),
    Case([0, 1, 2], .float32, "dim in [0,255]"),
    Case([0.5], .float32, "dim in [0,1]"),
    // Those with mean 0 and deviation 1, and what reaches below 0 in its bulk without being −1 to 1.
    Case(even(-2.1, 2.6), .float32, "unusual"),
    Case(even(-0.42, 2.8), .float32, "unusual"),
    Case(even(-0.3, 0.3), .float32, "unusual"),
    Case(even(0, 0.1) + [-0.02], .float32, "unusual"),
    Case(even(0, 1e6), .float32, "unusual"),
    Case(even(-1_000, 3_000), .float32, "unusual"),
  ]

  private static let integerCases: [Case] = [
    Case([0, 1, 0], .bool, "[0,1]"),
    Case([0, 1], .uint8, "[0,1]"),
    Case([0, 1], .int8, "[0,1]"),
    Case([0, 1], .uint16, "[0,1]"),
    Case([1, 0], .int32, "[0,1]"),
    Case([0, 1], .int64, "[0,1]"),
    Case([0, 1], .uint64, "[0,1]"),
    Case([-1, 1], .int8, "[-1,1]"),
    Case([-1, 0, 1], .int64, "[-1,1]"),
    Case([0, 255], .uint8, "[0,255]"),
    Case(even(3, 240), .uint8, "[0,255]"),
    Case(even(0, 16), .uint8, "dim in [0,255]"),
    Case(even(40, 90), .uint8, "dim in [0,255]"),
    Case([0, 1, 2], .uint8, "dim in [0,255]"),
    Case([7], .uint8, "dim in [0,255]"),
    Case(even(0, 255), .int64, "[0,255]"),
    Case(even(0, 255), .int16, "[0,255]"),
    Case(even(0, 255) + [-3, 258], .int16, "[0,255]"),
    // Counts have no negative ones.
    Case(even(0, 255) + [258], .int32, "dim in [0,65535]"),
    Case(even(0, 300), .uint16, "dim in [0,65535]"),
    Case(even(0, 65_535), .uint16, "[0,65535]"),
    Case(even(0, 4_095), .uint16, "dim in [0,65535]"),
    Case(even(0, 16_383), .uint16, "dim in [0,65535]"),
    Case(even(0, 32_767), .uint16, "[0,65535]"),
    Case(even(0, 127), .int8, "[0,127]"),
    Case(even(-128, 127), .int8, "[-128,127]"),
    Case(even(-128, 127), .int32, "[-128,127]"),
    Case(even(0, 30_000), .int16, "unusual"),
    Case(even(-1_024, 3_071), .int16, "unusual"),
  ]

  @Test(
    "floats: their bulk decides, not two odd ones",
    arguments: floatCases)
  func floats(row: Case) { #expect(guess(row.numbers, row.type) == row.expected) }

  @Test(
    "whole numbers: 0 and 1 are black and white in every type, others need their usual range",
    arguments: integerCases)
  func integers(row: Case) { #expect(guess(row.numbers.map { $0.rounded() }, row.type) == row.expected) }

  @Test(
    "the range proposed takes in all numbers, as a user would write it",
    arguments: [
      (0.0, 16.0, "[0,16]"), (0, 4_090, "[0,4095]"), (1, 4_095, "[0,4095]"), (0, 1_000, "[0,1023]"),
      (40, 90, "[40,90]"),
      (0, 100, "[0,100]"), (0.0001, 16.31, "[0,16.4]"), (0, Double(Float(16.3)), "[0,16.3]"),
      (-2.117, 2.64, "[-2.12,2.64]"),
      (0, 0.09999, "[0,0.1]"), (0, 0.0998, "[0,0.1]"), (-0.498, 0.4961, "[-0.5,0.5]"), (0, 0.0912, "[0,0.092]"),
      (0, 11.91, "[0,12]"), (-0.4242, 2.8215, "[-0.43,2.83]"),
      (-1_024, 3_071, "[-1024,3071]"),
    ])
  func own(least: Double, most: Double, expected: String) throws {
    let range = try #require(PixelRange.own(least: least, most: most))
    #expect(range.description == expected)
    #expect(range.black <= least + 1e-6 && range.white >= most - 1e-6 * most)
    #expect(PixelRange.own(least: most, most: most) == nil)
  }

  @Test("black is −1 and the byte 0, white 1 and 255; beyond them nothing is darker or lighter")
  func values() {
    let range = PixelRange(black: 0, white: 16)
    #expect([0, 4, 16, -3, 99].map { range.value(of: $0) } == [-1, -0.5, 1, -1, 1])
    #expect([0, 4, 16, -3, 99, .nan].map { range.byte(of: $0) } == [0, 64, 255, 0, 255, 0])
    #expect(range.column.number(of: -1) == 0 && range.column.number(of: 1) == 16)
    guard case .tabulated(let table) = range.byteFormat, case .bytes = PixelRange.bytes.byteFormat else {
      Issue.record("another format")
      return
    }
    #expect(table.count == 256 && table[8] == 0 && table[16] == 1 && table[200] == 1)
  }
}
