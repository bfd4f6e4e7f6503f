import CKernels
import Glibc
import Testing

@Suite("Softmax kernels")
struct SoftmaxKernelTests {
  /// Exponential 2 ulp, sum and scaling a few roundings, on values of at most 1.
  let tolerance = 5e-7
  let shapes = [
    (1, 1), (3, 2), (5, 8), (64, 8), (1, 8), (7, 10), (4, 15), (9, 16), (3, 17), (2, 64), (3, 100),
    (2, 1023),
  ]

  func softmax(_ x: ArraySlice<Float>) -> [Double] {
    let top = Double(x.max()!)
    let e = x.map { exp(Double($0) - top) }
    return e.map { $0 / e.reduce(0, +) }
  }

  @Test("softmax agrees with the definition for every width")
  func definition() {
    for level in KernelLevel.all {
      for (rows, columns) in shapes {
        let x = numbers(rows * columns, in: -20...20)
        let expected = (0..<rows).flatMap { softmax(x[($0 * columns)..<(($0 + 1) * columns)]) }
        let y = written(x.count) { level.kernels.softmax_rows(x, $0, Int64(rows), Int64(columns)) }
        #expect(distance(y, expected) < tolerance, "\(level), \(rows) × \(columns)")
      }
    }
  }

  @Test("a penalty of −10000 leaves exactly nothing, and scores of any size do not overflow")
  func penalties() {
    for level in KernelLevel.all {
      for columns in [8, 10, 16, 40] {
        var x = [Float](repeating: 1e30, count: columns)
        x[1] = x[0]
        for c in 2..<columns { x[c] = -10000 }
        let y = written(columns) { level.kernels.softmax_rows(x, $0, 1, Int64(columns)) }
        #expect(y[0] == 0.5 && y[1] == 0.5 && y[2...].allSatisfy { $0 == 0 })
        x[0] = 0
        x[1] = 0
        let small = written(columns) { level.kernels.softmax_rows(x, $0, 1, Int64(columns)) }
        #expect(small[0] == 0.5 && small[2...].allSatisfy { $0 == 0 })
      }
    }
  }

  @Test("NaN or infinity turns its own row into NaN and no other")
  func nonFinite() {
    for level in KernelLevel.all {
      for columns in [3, 8, 16, 37] {
        for bad in [Float.nan, .infinity] {
          for position in 0..<columns {
            var x = numbers(3 * columns)
            x[columns + position] = bad
            let y = written(x.count) { level.kernels.softmax_rows(x, $0, 3, Int64(columns)) }
            #expect(y[columns..<(2 * columns)].allSatisfy { $0.isNaN })
            #expect((y[..<columns] + y[(2 * columns)...]).allSatisfy { $0.isFinite })
          }
        }
      }
    }
  }

  @Test("the gradient is y · (g − Σ g·y)")
  func gradient() {
    for level in KernelLevel.all {
      for (rows, columns) in shapes {
        let y = numbers(rows * columns, in: 0...1)
        let g = numbers(rows * columns, seed: 2)
        var expected: [Double] = []
        for r in 0..<rows {
          let range = (r * columns)..<((r + 1) * columns)
          let sum = range.reduce(0.0) { $0 + Double(y[$1]) * Double(g[$1]) }
          expected += range.map { Double(y[$0]) * (Double(g[$0]) - sum) }
        }
        let d = written(y.count) { level.kernels.softmax_gradient_rows(y, g, $0, Int64(rows), Int64(columns)) }
        // Sums of up to 1,023 products of size 1 here.
        #expect(distance(d, expected) < 1e-5, "\(level), \(rows) × \(columns)")
      }
    }
  }
}
