import CKernels
import Testing

@Suite("Copy, fill and transpose kernels")
struct MovementKernelTests {
  @Test("transposing moves every element, whatever the sizes")
  func transpose() {
    let shapes = [
      (1, 1, 1), (2, 8, 8), (3, 8, 16), (1, 5, 3), (2, 9, 17), (1, 70, 33), (1, 130, 8), (2, 1, 20), (1, 64, 64),
    ]
    for level in KernelLevel.all {
      for (batch, rows, columns) in shapes {
        let x = (0..<(batch * rows * columns)).map(Float.init)
        let y = written(x.count) { level.kernels.transpose(x, $0, Int64(batch), Int64(rows), Int64(columns)) }
        let isMoved = y.indices.allSatisfy { i in
          let (b, c, r) = (i / (rows * columns), i / rows % columns, i % rows)
          return y[i] == x[(b * rows + r) * columns + c]
        }
        #expect(isMoved, "\(level), \(batch) × \(rows) × \(columns)")
      }
    }
  }

  @Test("strided rows are copied and the gaps between them are not touched")
  func copyStrided() {
    for level in KernelLevel.all {
      for columns in Array(0...40) + [100, 1030] {
        let (rows, from, to) = (5, columns + 3, columns + 7)
        let x = (0..<(rows * from)).map(Float.init)
        var y = [Float](repeating: -1, count: rows * to)
        level.kernels.copy_strided(x, Int64(from), &y, Int64(to), Int64(rows), Int64(columns))
        let isCopied = y.indices.allSatisfy { y[$0] == ($0 % to < columns ? x[$0 / to * from + $0 % to] : -1) }
        #expect(isCopied, "\(level), \(columns)")
      }
    }
  }

  @Test("filling writes its count")
  func fill() {
    for level in KernelLevel.all {
      for count in 0...70 {
        #expect(written(count) { level.kernels.fill($0, Int64(count), 2.5) }.allSatisfy { $0 == 2.5 })
      }
    }
  }
}
