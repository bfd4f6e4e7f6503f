import CKernels
import Testing

@Suite("Sums that an elementwise program gathers")
struct GatheredSumTests {
  /// Of Σ|x|: what ck_elementwise.h promises.
  static let tolerance = 1e-6

  /// Σ x and Σ x · y over the dimensions that are not kept, computed by a program on x + 0 and y.
  private func sums(
    _ x: [Float], _ y: [Float], _ extent: [Int64], keeping kept: [Bool], _ level: KernelLevel, block: Int64 = 512,
    parts: Int64 = 1
  ) -> [Double] {
    var (x, y) = (x, y)
    return x.withUnsafeMutableBufferPointer { x in
      y.withUnsafeMutableBufferPointer { y in
        var program = ElementwiseProgram(extent: extent, block: block)
        let stride = Self.strides(extent, keeping: kept)
        let first = program.operand(CK_CONTIGUOUS, x.baseAddress)
        let second = program.operand(CK_CONTIGUOUS, y.baseAddress)
        let zero = program.operand(CK_CONSTANT, constant: 0)
        let register = program.operand(CK_SCRATCH)
        let sum = program.operand(CK_SUM, stride: stride)
        let product = program.operand(CK_SUM, stride: stride)
        program.add(Int(CK_OP_ADD), to: register, first, zero)
        program.add(Int(CK_OP_SUM), to: sum, register)
        program.add(Int(CK_OP_SUM_PRODUCT), to: product, register, second)
        return program.run(level, parts: parts)
      }
    }
  }

  private static func strides(_ extent: [Int64], keeping kept: [Bool]) -> [Int64] {
    extent.indices.map { d in
      kept[d] ? zip(extent, kept).dropFirst(d + 1).reduce(1) { $1.1 ? $0 * $1.0 : $0 } : 0
    }
  }

  /// The same in float64, and the sums of the terms' sizes.
  private func reference(
    _ x: [Float], _ y: [Float], _ extent: [Int64], keeping kept: [Bool]
  ) -> [(sum: Double, size: Double)] {
    let stride = Self.strides(extent, keeping: kept)
    let count = Int(zip(extent, kept).reduce(1) { $1.1 ? $0 * $1.0 : $0 })
    var result = [(sum: Double, size: Double)](repeating: (0, 0), count: 2 * count)
    for i in x.indices {
      let target = Int(offset(of: i, extent, stride))
      for (place, term) in [(target, Double(x[i])), (count + target, Double(x[i] * y[i]))] {
        result[place].sum += term
        result[place].size += abs(term)
      }
    }
    return result
  }

  private func isRight(_ found: [Double], _ expected: [(sum: Double, size: Double)]) -> Bool {
    found.count == expected.count
      && zip(found, expected).allSatisfy { abs($0 - $1.sum) <= Self.tolerance * $1.size }
  }

  @Test("sums over any dimensions are right, in one part and in several, and the same bits at every CPU level")
  func patterns() {
    let extents: [[Int64]] = [
      [1], [5000], [40, 64], [300, 10], [3, 600], [70, 3], [3, 2, 100, 7], [9, 30, 96], [2, 3, 2, 5, 2, 9],
      [3, 2, 5, 2, 32], [5, 1, 130],
    ]
    for extent in extents {
      let count = Int(extent.reduce(1, *))
      let (x, y) = (numbers(count), numbers(count, seed: 2))
      for mask in 0..<1 << extent.count {
        let kept = extent.indices.map { mask >> $0 & 1 == 1 }
        let expected = reference(x, y, extent, keeping: kept)
        for block: Int64 in [512, 480, 63] {
          let found = KernelLevel.all.map { sums(x, y, extent, keeping: kept, $0, block: block) }
          #expect(isRight(found[0], expected), "extent \(extent), kept \(kept), block \(block)")
          #expect(found.allSatisfy { $0 == found[0] }, "extent \(extent), kept \(kept), block \(block)")
          for parts: Int64 in [2, 3, 7] {
            let split = sums(x, y, extent, keeping: kept, KernelLevel.all[0], block: block, parts: parts)
            #expect(isRight(split, expected), "extent \(extent), kept \(kept), \(parts) parts")
          }
        }
      }
    }
  }

  @Test("a hundred thousand rows far from zero sum without drift")
  func accuracy() {
    let extent: [Int64] = [100_000, 20]
    let x = numbers(2_000_000, in: 999...1001)
    let y = [Float](repeating: 0.1, count: x.count)
    for kept in [[false, true], [false, false]] {
      let (mixed, equal) = (reference(x, y, extent, keeping: kept), reference(y, y, extent, keeping: kept))
      for block: Int64 in [320, 4080] {
        #expect(isRight(sums(x, y, extent, keeping: kept, KernelLevel.all.last!, block: block), mixed))
        #expect(isRight(sums(y, y, extent, keeping: kept, KernelLevel.all[0], block: block), equal))
      }
    }
  }

  @Test("NaN and infinity arrive in the sums that they belong to")
  func notFinite() {
    var x = [Float](repeating: 1, count: 20 * 32)
    x[5] = .nan
    x[32 + 7] = .infinity
    for level in KernelLevel.all {
      let found = sums(x, x, [20, 32], keeping: [false, true], level)
      #expect(found.indices.allSatisfy { found[$0].isNaN == ($0 % 32 == 5) })
      #expect(found[7] == .infinity && found[6] == 20)
    }
  }
}
