import CKernels

/// One product with random operands, and the obvious loop for it.
struct Product {
  static let slope: Float = 0.2

  let batch, m, n, k, padding: Int
  let transposeA, transposeB: Bool
  var accumulate, leaky: Bool
  var a, b, c: [Float]
  var bias: [Float]?

  init(
    batch: Int = 1, transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, padding: Int = 0,
    accumulate: Bool = false, bias hasBias: Bool = false, leaky: Bool = false
  ) {
    (self.batch, self.m, self.n, self.k, self.padding) = (batch, m, n, k, padding)
    (self.transposeA, self.transposeB, self.accumulate, self.leaky) = (transposeA, transposeB, accumulate, leaky)
    var state = UInt32(truncatingIfNeeded: m &* 7919 &+ n &* 104_729 &+ k)
    func numbers(_ count: Int) -> [Float] {
      (0..<count).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return Float(state >> 8) / Float(1 << 23) - 1
      }
    }
    a = numbers(batch * (m + padding) * (k + padding))
    b = numbers(batch * (k + padding) * (n + padding))
    c = numbers(batch * m * (n + padding))
    bias = hasBias ? numbers(n) : nil
  }

  var title: String {
    "\(batch) × \(m)×\(k)·\(k)×\(n), transposes \(transposeA) \(transposeB), padding \(padding), "
      + "accumulate \(accumulate), bias \(bias != nil), leaky \(leaky)"
  }
  var strideA: Int { (transposeA ? m : k) + padding }
  var strideB: Int { (transposeB ? k : n) + padding }
  var strideC: Int { n + padding }
  func indexA(_ i: Int, _ p: Int) -> Int { transposeA ? p * strideA + i : i * strideA + p }
  func indexB(_ p: Int, _ j: Int) -> Int { transposeB ? j * strideB + p : p * strideB + j }
  var batchStrideA: Int { (m + padding) * (k + padding) }
  var batchStrideB: Int { (k + padding) * (n + padding) }

  /// C after the variant ran, padding included.
  func result(_ variant: Int32) -> [Float] {
    var result = c
    let size = Int(ck_matmul_workspace(transposeA ? 1 : 0, transposeB ? 1 : 0, Int64(m), Int64(n), Int64(k)))
    let guardValue: Float = 12345
    var workspace = [Float](repeating: guardValue, count: size + 16)
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        (bias ?? []).withUnsafeBufferPointer { biases in
          result.withUnsafeMutableBufferPointer { c in
            workspace.withUnsafeMutableBufferPointer { workspace in
              var product = ck_matmul_product(
                batch: Int64(batch), transposeA: transposeA ? 1 : 0, transposeB: transposeB ? 1 : 0, m: Int64(m),
                n: Int64(n), k: Int64(k), a: a.baseAddress!, lda: Int64(strideA), strideA: Int64(batchStrideA),
                b: b.baseAddress!, ldb: Int64(strideB), strideB: Int64(batchStrideB), accumulate: accumulate ? 1 : 0,
                c: c.baseAddress!, ldc: Int64(strideC), strideC: Int64(m * strideC),
                bias: bias == nil ? nil : biases.baseAddress, activation: leaky ? 1 : 0, slope: Self.slope,
                workspace: size == 0 ? nil : workspace.baseAddress)
              ck_matmul_variant_run(variant, &product)
            }
          }
        }
      }
    }
    precondition(workspace[size...].allSatisfy { $0 == guardValue }, "written past the workspace: \(title)")
    return result
  }

  /// The largest error over its a-priori bound (k + 4) · 2⁻²⁴ · (Σ |a·b| + |c| + |bias|), the bound of any order of
  /// summation; infinity if a float between the rows of C changed or a result is NaN.
  func errorOverBound(_ variant: Int32) -> Double {
    let computed = result(variant)
    var worst = 0.0
    for q in 0..<batch {
      for i in 0..<m {
        for j in 0..<strideC {
          let index = q * m * strideC + i * strideC + j
          guard j < n else {
            if computed[index] != c[index] { return .infinity }
            continue
          }
          var (sum, size) = (0.0, 0.0)
          for p in 0..<k {
            let term =
              Double(a[q * batchStrideA + indexA(i, p)]) * Double(b[q * batchStrideB + indexB(p, j)])
            (sum, size) = (sum + term, size + abs(term))
          }
          let extra = Double(accumulate ? c[index] : 0) + Double(bias?[j] ?? 0)
          (sum, size) = (sum + extra, size + abs(extra))
          if leaky && sum < 0 { sum *= Double(Self.slope) }
          let error = abs(Double(computed[index]) - sum) / (Double(k + 4) * 0x1p-24 * size)
          if !(error <= worst) { worst = error.isNaN ? .infinity : error }
        }
      }
    }
    return worst
  }
}
