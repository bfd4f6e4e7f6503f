import Datasets
import Tensors
import Testing

@Suite struct DigitsTests {
  @Test("the embedded digits are scikit-learn's: counts, labels, sums and the last image")
  func contents() {
    // From sklearn.datasets.load_digits() of scikit-learn 1.9.1; value v becomes round(255·v/16).
    let digits = Digits.load(resolution: Resolution(height: 8, width: 8))
    #expect(digits.training.count == 1_500 && digits.test.count == 297)
    #expect((0..<12).map(digits.training.label(at:)) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
    #expect((292..<297).map(digits.test.label(at:)) == [9, 0, 8, 9, 8])
    let training = (0..<1_500).flatMap { digits.training.bytes(at: $0) }.map { (Int($0) * 16 + 127) / 255 }
    #expect(training.reduce(0, +) == 468_645)
    let last: [[Int]] = [
      [0, 0, 10, 14, 8, 1, 0, 0], [0, 2, 16, 14, 6, 1, 0, 0], [0, 0, 15, 15, 8, 15, 0, 0],
      [0, 0, 5, 16, 16, 10, 0, 0], [0, 0, 12, 15, 15, 12, 0, 0], [0, 4, 16, 6, 4, 16, 6, 0],
      [0, 8, 16, 10, 8, 16, 8, 0], [0, 1, 8, 12, 14, 12, 1, 0],
    ]
    #expect(digits.test.bytes(at: 296).map(Int.init) == last.joined().map { ($0 * 510 + 16) / 32 })
    #expect(
      (0..<10).map { k in (0..<297).count { digits.test.label(at: $0) == k } }
        == [27, 31, 27, 30, 33, 30, 30, 30, 28, 31])
  }

  @Test(
    "enlarging equals four clamped neighbours at half-pixel centres, rounded once",
    arguments: [(16, 16), (32, 28), (9, 17)])
  func enlarged(height: Int, width: Int) {
    let source = Digits.load(resolution: Resolution(height: 8, width: 8)).test
    let digits = Digits.load(resolution: Resolution(height: height, width: width)).test
    #expect(digits.imageShape == [height, width, 1])
    var largestError = 0
    for index in [0, 117, 296] {
      // Back to 0…16, so that the slow way rounds once too.
      let values = source.bytes(at: index).map { ((Double($0) * 16 / 255).rounded()) }
      let result = Array(digits.bytes(at: index))
      for y in 0..<height {
        for x in 0..<width {
          let sourceY = min(7, max(0, (Double(y) + 0.5) * 8 / Double(height) - 0.5))
          let sourceX = min(7, max(0, (Double(x) + 0.5) * 8 / Double(width) - 0.5))
          let (top, left) = (Int(sourceY), Int(sourceX))
          let (bottom, right) = (min(7, top + 1), min(7, left + 1))
          let (v, u) = (sourceY - Double(top), sourceX - Double(left))
          let value =
            (1 - v) * ((1 - u) * values[top * 8 + left] + u * values[top * 8 + right])
            + v * ((1 - u) * values[bottom * 8 + left] + u * values[bottom * 8 + right])
          let expected = Int((value * 255 / 16).rounded())
          largestError = max(largestError, abs(expected - Int(result[y * width + x])))
        }
      }
    }
    // At 16×16 all weights are powers of two, so nothing but the rounding happens; elsewhere a half may fall either way.
    #expect(largestError <= (height == 16 ? 0 : 1))
  }
}
