import CKernels
import Testing

@Suite("Reduction kernels")
struct ReductionKernelTests {
  let shapes = [
    (1, 1, 1), (1, 5, 1), (3, 16, 1), (7, 8, 1), (2, 100, 1), (1, 9001, 1), (2, 4096, 1), (1, 64, 64), (1, 3, 200),
    (4, 1, 9), (5, 7, 3), (2, 600, 16), (1, 1000, 83), (3, 2, 17), (2, 5, 64), (1, 0, 5), (3, 0, 1), (6, 1, 1),
  ]

  func slow<T>(_ x: [T], _ shape: (Int, Int, Int), _ start: T, _ add: (T, T) -> T) -> [T] {
    let (outer, reduced, inner) = shape
    var y = [T](repeating: start, count: outer * inner)
    for o in 0..<outer {
      for r in 0..<reduced {
        for i in 0..<inner { y[o * inner + i] = add(y[o * inner + i], x[(o * reduced + r) * inner + i]) }
      }
    }
    return y
  }

  @Test("sums agree with a sum in double")
  func sum() {
    for level in KernelLevel.all {
      for shape in shapes {
        let x = numbers(shape.0 * shape.1 * shape.2)
        let expected = slow(x.map(Double.init), shape, 0, +)
        let y = written(shape.0 * shape.2) {
          level.kernels.reduce_sum(x, $0, Int64(shape.0), Int64(shape.1), Int64(shape.2))
        }
        // Blocked sums: at most about 350 roundings of partial sums of size ≤ 100.
        #expect(distance(y, expected) < 2e-5, "\(level), \(shape)")
      }
    }
  }

  @Test("sums are the same bits at every CPU level")
  func sameBits() {
    for shape in shapes {
      let x = numbers(shape.0 * shape.1 * shape.2)
      let sums = KernelLevel.all.map { level in
        bits(
          written(shape.0 * shape.2) {
            level.kernels.reduce_sum(x, $0, Int64(shape.0), Int64(shape.1), Int64(shape.2))
          })
      }
      #expect(sums.allSatisfy { $0 == sums[0] }, "\(shape)")
    }
  }

  @Test(
    "the stated order of a row's additions is the one that is used",
    arguments: [5, 50, 64, 70, 85, 101, 117, 4096 + 85]
  )
  func statedOrder(count: Int) {
    let x = numbers(count)
    var total = [Float](repeating: 0, count: 16)
    for start in stride(from: 0, to: count, by: 4096) {
      var lanes = [[Float]](repeating: [Float](repeating: 0, count: 16), count: 4)
      for r in 0..<min(4096, count - start) { lanes[(r / 16) % 4][r % 16] += x[start + r] }
      for i in 0..<16 { total[i] += (lanes[0][i] + lanes[1][i]) + (lanes[2][i] + lanes[3][i]) }
    }
    for half in [8, 4, 2, 1] {
      for i in 0..<half { total[i] += total[i + half] }
    }
    for level in KernelLevel.all {
      #expect(written(1) { level.kernels.reduce_sum(x, $0, 1, Int64(count), 1) } == [total[0]])
    }
  }

  @Test("the stated order of a column's additions is the one that is used", arguments: [3, 256, 263, 514])
  func statedColumnOrder(rows: Int) {
    let columns = 64 + 16 + 5
    let x = numbers(rows * columns)
    let expected = (0..<columns).map { c in
      stride(from: 0, to: rows, by: 256).reduce(Float(0)) { total, start in
        var sums: [Float] = [0, 0, 0, 0]
        for r in start..<min(start + 256, rows) { sums[c < 64 ? 0 : (r - start) % 4] += x[r * columns + c] }
        return total + ((sums[0] + sums[1]) + (sums[2] + sums[3]))
      }
    }
    for level in KernelLevel.all {
      #expect(written(columns) { level.kernels.reduce_sum(x, $0, 1, Int64(rows), Int64(columns)) } == expected)
    }
  }

  @Test("the maximum is exact, and NaN wins wherever it stands")
  func maximum() {
    for level in KernelLevel.all {
      for shape in shapes {
        var x = numbers(shape.0 * shape.1 * shape.2)
        let run = { (x: [Float]) in
          written(shape.0 * shape.2) {
            level.kernels.reduce_max(x, $0, Int64(shape.0), Int64(shape.1), Int64(shape.2))
          }
        }
        #expect(run(x) == slow(x, shape, -.infinity, max), "\(level), \(shape)")
        for position in stride(from: 0, to: x.count, by: max(1, x.count / 37)) {
          let old = x[position]
          x[position] = .nan
          let y = run(x)
          let hit = position / (shape.1 * shape.2) * shape.2 + position % shape.2
          #expect(y.indices.allSatisfy { y[$0].isNaN == ($0 == hit) }, "\(level), \(shape), NaN at \(position)")
          x[position] = old
        }
      }
    }
  }
}
