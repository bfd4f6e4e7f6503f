import CKernels
import Testing

/// Every instruction set that this CPU has, each against the obvious loop.
@Suite("small matrix products")
struct MatmulKernelTests {
  static let variants = (0..<ck_matmul_variant_count()).filter { ck_matmul_variant_supported($0) != 0 }
  static let transposes = [(false, false), (true, false), (false, true), (true, true)]

  @Test("every variant equals the plain loop for odd sizes, transposes, strides and accumulation", arguments: variants)
  func sizes(variant: Int32) {
    for m in [1, 2, 3, 7, 8, 21, 32] {
      for n in [1, 2, 7, 8, 16, 17, 31, 48, 64, 110, 138] {
        for k in [1, 5, 8, 16, 23, 64] {
          for (transposeA, transposeB) in Self.transposes {
            for padding in [0, 3] {
              let product = Product(
                transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, padding: padding,
                accumulate: (m + n + k) % 2 == 0)
              #expect(product.errorOverBound(variant) <= 1, "\(product.title)")
            }
          }
        }
      }
    }
  }

  @Test("the products of the dense model equal the plain loop", arguments: variants)
  func modelSizes(variant: Int32) {
    for (m, n, k) in [(64, 128, 256), (64, 256, 138), (64, 1, 256), (256, 32, 16), (138, 256, 64), (16, 32, 256)] {
      for (transposeA, transposeB) in Self.transposes {
        for accumulate in [false, true] {
          let product = Product(
            transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, accumulate: accumulate)
          #expect(product.errorOverBound(variant) <= 1, "\(product.title)")
        }
      }
    }
  }

  @Test("a batch is a loop of products", arguments: variants)
  func batches(variant: Int32) {
    for (m, n, k) in [(8, 16, 8), (8, 8, 16), (3, 5, 7), (1, 9, 4), (9, 1, 4)] {
      for (transposeA, transposeB) in Self.transposes {
        let product = Product(
          batch: 5, transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, padding: 1, accumulate: true)
        #expect(product.errorOverBound(variant) <= 1, "\(product.title)")
      }
    }
  }

  @Test("bias and leaky slope apply after the sum", arguments: variants)
  func epilogues(variant: Int32) {
    for (m, n, k) in [(8, 64, 16), (21, 110, 23), (5, 1, 40), (1, 37, 40), (4, 138, 9)] {
      for (transposeA, transposeB) in Self.transposes {
        for (hasBias, activation) in [(true, false), (false, true), (true, true)] {
          let product = Product(
            transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, bias: hasBias, leaky: activation)
          #expect(product.errorOverBound(variant) <= 1, "\(product.title)")
        }
      }
    }
  }

  @Test("NaN reaches its row and zero times infinity is NaN", arguments: variants)
  func nonFinite(variant: Int32) {
    for (m, n, k) in [(9, 50, 17), (9, 1, 17), (1, 50, 17), (4, 4, 1)] {
      for (transposeA, transposeB) in Self.transposes {
        var product = Product(transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, leaky: true)
        let column = n - 1
        product.a = product.a.map { _ in 0 }
        product.a[product.indexA(m - 1, k - 1)] = .nan
        product.b[product.indexB(k - 1, column)] = .infinity
        let c = product.result(variant)
        for i in 0..<m {
          for j in 0..<n {
            let isNaN = c[i * product.strideC + j].isNaN
            #expect(isNaN == (i == m - 1 || j == column), "\(product.title) at \(i), \(j)")
          }
        }
      }
    }
  }

  @Test("the plain entry points run the chosen variant, bit for bit")
  func entryPoints() {
    let (m, n, k) = (21, 138, 64)
    var product = Product(transposeA: false, transposeB: true, m: m, n: n, k: k, bias: true, leaky: true)
    let expected = product.result(ck_matmul_variant_chosen())
    var c = product.c
    var workspace = [Float](repeating: 0, count: Int(ck_matmul_workspace(0, 1, Int64(m), Int64(n), Int64(k))))
    ck_matmul_bias(
      0, 1, Int64(m), Int64(n), Int64(k), product.a, Int64(k), product.b, Int64(k), product.bias, 1, Product.slope, &c,
      Int64(n), &workspace)
    #expect(c == expected)

    product.bias = nil
    product.leaky = false
    product.accumulate = true
    c = product.c
    ck_matmul(
      0, 1, Int64(m), Int64(n), Int64(k), product.a, Int64(k), product.b, Int64(k), 1, &c, Int64(n), &workspace)
    #expect(c == product.result(ck_matmul_variant_chosen()))
  }
}
