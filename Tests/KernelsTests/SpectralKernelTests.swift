import CKernels
import Testing

@Suite("Power iteration")
struct SpectralKernelTests {
  static let shapes = [(1, 1), (3, 1), (1, 5), (4, 16), (5, 17), (37, 31), (144, 33), (13, 300)]

  private func iterate(_ level: KernelLevel, _ rows: Int, _ columns: Int, scale: Float = 1) -> (u: [Float], v: [Float])
  {
    let w = numbers(rows * columns).map { $0 * scale }
    var v = numbers(rows, seed: 3)
    var workspace = [Float](repeating: .nan, count: columns)
    let u = written(columns) { u in
      for (index, number) in numbers(columns, seed: 2).enumerated() { u[index] = number }
      level.kernels.power_iteration(w, Int64(rows), Int64(columns), u, &v, &workspace)
    }
    return (u, v)
  }

  @Test("v is W·u and u is Wᵀ·v, each of length 1")
  func definition() {
    for level in KernelLevel.all {
      for (rows, columns) in Self.shapes {
        let (w, u0) = (numbers(rows * columns).map(Double.init), numbers(columns, seed: 2).map(Double.init))
        var v = (0..<rows).map { row in (0..<columns).reduce(0) { $0 + w[row * columns + $1] * u0[$1] } }
        let length = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
        v = v.map { $0 / length }
        var u = (0..<columns).map { column in (0..<rows).reduce(0) { $0 + w[$1 * columns + column] * v[$1] } }
        let sigma = u.reduce(0) { $0 + $1 * $1 }.squareRoot()
        u = u.map { $0 / sigma }
        let found = iterate(level, rows, columns)
        // Float32 rounding of sums of a few hundred terms.
        #expect(distance(found.u, u) < 2e-6 && distance(found.v, v) < 2e-6, "\(level), \(rows)×\(columns)")
      }
    }
  }

  @Test("vectors are the same bits at every CPU level")
  func sameBits() {
    for (rows, columns) in Self.shapes {
      let found = KernelLevel.all.map { level in
        let (u, v) = iterate(level, rows, columns)
        return bits(u) + bits(v)
      }
      #expect(found.allSatisfy { $0 == found[0] }, "\(rows)×\(columns)")
    }
  }

  @Test("tiny weights keep their direction; zero weights give zero vectors, not NaN")
  func tiny() {
    for level in KernelLevel.all {
      let (plain, small) = (iterate(level, 20, 30), iterate(level, 20, 30, scale: 1e-12))
      #expect(distance(small.u, plain.u.map(Double.init)) < 1e-5 && distance(small.v, plain.v.map(Double.init)) < 1e-5)
      let zero = iterate(level, 20, 30, scale: 0)
      #expect(zero.u.allSatisfy { $0 == 0 } && zero.v.allSatisfy { $0 == 0 })
    }
  }
}
