import CKernels
import Glibc
import Testing

@Suite("Additive attention kernels")
struct AdditiveKernelTests {
  struct Sizes {
    let batch, queries, keys, units: Int
  }
  let sizes = [
    Sizes(batch: 1, queries: 1, keys: 1, units: 1), Sizes(batch: 3, queries: 8, keys: 8, units: 32),
    Sizes(batch: 2, queries: 5, keys: 7, units: 10), Sizes(batch: 1, queries: 3, keys: 20, units: 40),
    Sizes(batch: 2, queries: 4, keys: 16, units: 16), Sizes(batch: 1, queries: 17, keys: 1, units: 33),
    Sizes(batch: 1, queries: 1, keys: 9, units: 100), Sizes(batch: 2, queries: 3, keys: 8, units: 5),
  ]

  func scores(_ level: KernelLevel, _ s: Sizes, q: [Float], k: [Float], w: [Float]) -> [Float] {
    var workspace = self.workspace(s)
    return written(s.batch * s.queries * s.keys) {
      level.kernels.additive_scores(
        q, k, w, $0, Int64(s.batch), Int64(s.queries), Int64(s.keys), Int64(s.units), &workspace)
    }
  }

  /// Filled with NaN: what a kernel reads without having written it shows.
  func workspace(_ s: Sizes) -> [Float] {
    [Float](
      repeating: .nan,
      count: Int(ck_additive_workspace(Int64(s.batch), Int64(s.queries), Int64(s.keys), Int64(s.units))))
  }

  func forEachTerm(_ s: Sizes, _ body: (_ score: Int, _ q: Int, _ k: Int, _ u: Int) -> Void) {
    for b in 0..<s.batch {
      for t in 0..<s.queries {
        for key in 0..<s.keys {
          for u in 0..<s.units {
            let (query, key) = (b * s.queries + t, b * s.keys + key)
            body(query * s.keys + key % s.keys, query * s.units + u, key * s.units + u, u)
          }
        }
      }
    }
  }

  @Test("scores agree with tanh in double", arguments: [1.0, 5.0, 40.0])
  func definition(range: Double) {
    for level in KernelLevel.all {
      for s in sizes {
        let q = numbers(s.batch * s.queries * s.units, in: -range...range)
        let k = numbers(s.batch * s.keys * s.units, in: -range...range, seed: 2)
        let w = numbers(s.units, in: -1...1, seed: 3)
        var expected = [Double](repeating: 0, count: s.batch * s.queries * s.keys)
        forEachTerm(s) { expected[$0] += tanh(Double(q[$1]) + Double(k[$2])) * Double(w[$3]) }
        let y = scores(level, s, q: q, k: k, w: w)
        let worst = zip(y, expected).map { abs(Double($0) - $1) }.max()!
        #expect(worst < 4e-7 * w.reduce(0) { $0 + Double(abs($1)) }, "\(level), \(s)")
      }
    }
  }

  @Test("one term errs by at most 4e-7 · |w|, everywhere in ±43")
  func termError() {
    let s = Sizes(batch: 1, queries: 2000, keys: 50, units: 1)
    for level in KernelLevel.all {
      for range in [0.01, 1, 10, 43] {
        let q = numbers(s.queries, in: -range...range)
        let k = numbers(s.keys, in: -range...range, seed: 2)
        let y = scores(level, s, q: q, k: k, w: [1])
        let worst = y.indices.map { abs(Double(y[$0]) - tanh(Double(q[$0 / 50]) + Double(k[$0 % 50]))) }.max()!
        #expect(worst < 4e-7, "\(level), ±\(range)")
      }
    }
  }

  @Test("gradients agree with the formulas in double", arguments: [1.0, 5.0, 40.0])
  func gradient(range: Double) {
    for level in KernelLevel.all {
      for s in sizes {
        let q = numbers(s.batch * s.queries * s.units, in: -range...range)
        let k = numbers(s.batch * s.keys * s.units, in: -range...range, seed: 2)
        let w = numbers(s.units, in: -1...1, seed: 3)
        let g = numbers(s.batch * s.queries * s.keys, in: -1...1, seed: 4)
        var (qExpected, kExpected) = (q.map { _ in 0.0 }, k.map { _ in 0.0 })
        var wExpected = w.map { _ in 0.0 }
        forEachTerm(s) { score, qi, ki, u in
          let h = tanh(Double(q[qi]) + Double(k[ki]))
          let slope = Double(g[score]) * Double(w[u]) * (1 - h * h)
          qExpected[qi] += slope
          kExpected[ki] += slope
          wExpected[u] += Double(g[score]) * h
        }
        var workspace = self.workspace(s)
        var (kGradient, wGradient) = (k, w)
        let qGradient = written(q.count) {
          level.kernels.additive_scores_gradient(
            q, k, w, g, $0, &kGradient, &wGradient, Int64(s.batch), Int64(s.queries), Int64(s.keys), Int64(s.units),
            &workspace)
        }
        // Up to 200 terms of size at most 1, each good to 4e-7.
        let tolerance = 1e-5
        #expect(distance(qGradient, qExpected) < tolerance, "\(level), \(s)")
        #expect(distance(kGradient, kExpected) < tolerance, "\(level), \(s)")
        #expect(distance(wGradient, wExpected) < tolerance, "\(level), \(s)")
      }
    }
  }

  @Test("huge arguments saturate without NaN; NaN stays NaN in its own row")
  func extremes() {
    let s = Sizes(batch: 1, queries: 3, keys: 8, units: 16)
    let w = [Float](repeating: 1, count: 16)
    for level in KernelLevel.all {
      for (value, expected) in [(Float(1e30), Float(16)), (-1e30, -16), (.infinity, 16), (-.infinity, -16), (100, 16)] {
        let q = [Float](repeating: value, count: 48)
        for k in [numbers(128), [Float](repeating: value, count: 128)] {
          #expect(scores(level, s, q: q, k: k, w: w).allSatisfy { abs($0 - expected) < 1e-5 }, "\(level), \(value)")
        }
      }
      var q = numbers(48)
      q[20] = .nan
      let y = scores(level, s, q: q, k: numbers(128), w: w)
      #expect(y.indices.allSatisfy { y[$0].isNaN == (8..<16).contains($0) })
    }
  }
}
