import Datasets
import Tensors
import Testing

@Suite struct ConditionsTests {
  static let images = ImageSet(
    imageShape: [2, 3, 1], pixels: (0..<50).flatMap { i in (0..<6).map { UInt8(i * 5 + $0) } }[...],
    labels: (0..<50).map { Int32($0 % 4) }[...])

  private func row(_ size: Int, _ write: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
    var values = [Float](repeating: .nan, count: size)
    values.withUnsafeMutableBufferPointer { write($0.baseAddress!) }
    return values
  }

  @Test("classes are one-hot; a wrong one is never the right one, and every other comes up")
  func classes() {
    let conditions = Conditions(classesOf: Self.images, classCount: 5, seed: 7)
    #expect(row(5) { conditions.write(conditionOf: 6, to: $0) } == [0, 0, 1, 0, 0])
    var seen: Set<[Float]> = []
    for step in 0..<200 {
      let wrong = row(5) { conditions.write(wrongFor: 6, step: step, sample: 3, to: $0) }
      #expect(wrong[2] == 0 && wrong.reduce(0, +) == 1)
      seen.insert(wrong)
    }
    #expect(seen.count == 4)
  }

  @Test("random classes cover all, and depend on step, sample and purpose")
  func random() {
    let conditions = Conditions(classesOf: Self.images, classCount: 4, seed: 7)
    func drawn(_ purpose: RandomPurpose, _ step: Int) -> [[Float]] {
      (0..<64).map { sample in
        row(4) { conditions.write(randomFor: purpose, step: step, sample: UInt32(sample), to: $0) }
      }
    }
    let first = drawn(.discriminatorLabels, 0)
    #expect(Set(first).count == 4)
    #expect(first == drawn(.discriminatorLabels, 0))
    #expect(first != drawn(.discriminatorLabels, 1))
    #expect(first != drawn(.generatorLabels, 0))
  }

  @Test("measurements have mean 0 and deviation 1 over the set that they are normalised over")
  func measurements() {
    let size = Measurements.names.count
    let rows = Measurements.rows(of: Self.images, size: size, normalizedOver: Self.images)
    for k in 0..<size {
      let column = stride(from: k, to: rows.count, by: size).map { Double(rows[$0]) }
      let mean = column.reduce(0, +) / 50
      let deviation = (column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 50).squareRoot()
      // Float32 rows of numbers near 1.
      #expect(abs(mean) < 1e-5 && abs(deviation - 1) < 1e-5, "\(Measurements.names[k])")
    }
    // The images grow brighter.
    #expect(rows[0] < rows[49 * size])
  }

  @Test("continuous conditions are those of images, wrong ones those of others")
  func continuous() {
    let conditions = Conditions(rows: (0..<20).map(Float.init)[...], size: 2, seed: 1)
    #expect(conditions.count == 10)
    #expect(row(2) { conditions.write(conditionOf: 3, to: $0) } == [6, 7])
    for step in 0..<50 {
      #expect(row(2) { conditions.write(wrongFor: 3, step: step, sample: 0, to: $0) } != [6, 7])
    }
  }
}
