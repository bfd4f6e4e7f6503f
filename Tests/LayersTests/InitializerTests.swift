import Layers
import Tensors
import Testing

@Suite struct InitializerTests {
  private func draw(
    _ initializer: Initializer, _ shape: Shape, name: String = "net/layer/kernel", seed: UInt64 = 1
  ) -> [Float] {
    let block = MemoryBlock(byteCount: shape.count * MemoryLayout<Float>.stride)
    let values = UnsafeMutableBufferPointer(start: block.floats.baseAddress, count: shape.count)
    values.update(repeating: .nan)
    initializer.fill(values, shape: shape, name: name, seed: seed)
    return Array(values)
  }

  private func mean(_ x: [Float]) -> Double { x.reduce(0) { $0 + Double($1) } / Double(x.count) }
  private func variance(_ x: [Float]) -> Double {
    let mean = mean(x)
    return x.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(x.count)
  }

  @Test("zeros and constants fill everything")
  func constants() {
    #expect(draw(.zeros, [3, 5]) == Array(repeating: 0, count: 15))
    #expect(draw(.constant(-2.5), [3, 5]) == Array(repeating: -2.5, count: 15))
  }

  /// Standard errors of mean and variance over 20,000 draws are below 1 % of σ and σ²; four of them.
  static let statistical = 0.04

  @Test("uniform numbers fill their range evenly")
  func uniform() {
    let x = draw(.uniform(low: -1, high: 3), [20_000])
    #expect(x.allSatisfy { $0 >= -1 && $0 <= 3 })
    #expect(x.min()! < -0.99 && x.max()! > 2.99)
    #expect(abs(mean(x) - 1) < Self.statistical * 4 / 12.0.squareRoot())
    #expect(abs(variance(x) - 16.0 / 12) < Self.statistical * 16 / 12)
  }

  @Test("Glorot uniform reaches to ±√(6/(in + out))")
  func glorotUniform() {
    let x = draw(.glorotUniform, [100, 200])
    let limit = Float((6.0 / 300).squareRoot())
    #expect(x.allSatisfy { abs($0) <= limit })
    #expect(x.min()! < -0.99 * limit && x.max()! > 0.99 * limit)
    #expect(abs(mean(x)) < Self.statistical * (2.0 / 300).squareRoot())
    #expect(abs(variance(x) - 2.0 / 300) < Self.statistical * 2 / 300)
  }

  @Test("Glorot normal has variance 2/(in + out) after its cut at two standard deviations")
  func glorotNormal() {
    let x = draw(.glorotNormal, [100, 200])
    let variance = variance(x)
    let cut = Float(2 * (2.0 / 300).squareRoot() / 0.87962566103423978)
    #expect(x.allSatisfy { abs($0) <= cut })
    #expect(x.max()! > 0.98 * cut && x.min()! < -0.98 * cut)
    #expect(abs(mean(x)) < Self.statistical * (2.0 / 300).squareRoot())
    #expect(abs(variance - 2.0 / 300) < Self.statistical * 2 / 300)
    // Normal, not uniform: P(|z| < 0.8796) / P(|z| < 2) = 65.1 % within one deviation, where uniform has 57.7 %.
    let within = x.count { Double(abs($0)) < variance.squareRoot() }
    #expect(abs(Double(within) / 20_000 - 0.651) < 0.02)
  }

  @Test("the fans are the first and the last extent", arguments: [[32, 1], [1, 32], [33]] as [Shape])
  func fans(shape: Shape) {
    let fans = Double(shape[0] + shape.last)
    let limit = Float((6 / fans).squareRoot())
    var largest: Float = 0
    for seed in 1...50 as ClosedRange<UInt64> {
      largest = max(largest, draw(.glorotUniform, shape, seed: seed).map(abs).max()!)
    }
    #expect(largest <= limit && largest > 0.99 * limit)
  }

  @Test(
    "of a convolution the fans count the kernel's positions", arguments: [Initializer.glorotUniform, .xavierNormal])
  func convolutionFans(initializer: Initializer) {
    let x = draw(initializer, [3, 5, 20, 40])
    let expected = 2.0 / Double(3 * 5 * (20 + 40))
    #expect(abs(variance(x) - expected) < Self.statistical * expected)
    if initializer == .glorotUniform { #expect(x.map(abs).max()! <= Float((3 * expected).squareRoot())) }
  }

  @Test("normal numbers have the deviation asked for, and tails")
  func normal() {
    let x = draw(.normal(deviation: 0.02), [20_001])
    #expect(abs(mean(x)) < Self.statistical * 0.02)
    #expect(abs(variance(x) - 4e-4) < Self.statistical * 4e-4)
    // P(|z| < 1) = 68.27 %, P(|z| > 3) = 0.27 %.
    #expect(abs(Double(x.count { abs($0) < 0.02 }) / 20_001 - 0.6827) < 0.02)
    #expect((20...100).contains(x.count { abs($0) > 0.06 }))
    // Neighbours come from one pair of random words and are independent all the same.
    let product = stride(from: 0, to: 20_000, by: 2).reduce(0.0) { $0 + Double(x[$1]) * Double(x[$1 + 1]) }
    #expect(abs(product / 10_000) < Self.statistical * 4e-4)
  }

  @Test(
    "orthogonal matrices have orthonormal columns, or rows where they are wider than high",
    arguments: [[3, 3, 8, 24], [40, 5], [5, 40], [33, 33], [1, 7], [7, 1], [1, 1]] as [Shape])
  func orthogonal(shape: Shape) {
    let (rows, columns) = (shape.leading, shape.last)
    let x = draw(.orthogonal, shape).map(Double.init)
    let count = min(rows, columns)
    for i in 0..<count {
      for j in 0...i {
        let product = (0..<max(rows, columns)).reduce(0.0) { sum, k in
          rows >= columns
            ? sum + x[k * columns + i] * x[k * columns + j] : sum + x[i * columns + k] * x[j * columns + k]
        }
        // Float32 rounding of what was orthogonal in double.
        #expect(abs(product - (i == j ? 1 : 0)) < 1e-6, "\(i), \(j)")
      }
    }
  }

  @Test("orthogonal directions are uniform: every element has mean 0 and variance 1/length")
  func orthogonalIsUniform() {
    var sums = [Double](repeating: 0, count: 12)
    var squares = sums
    for seed in 1...2_000 as ClosedRange<UInt64> {
      for (index, number) in draw(.orthogonal, [4, 3], seed: seed).enumerated() {
        sums[index] += Double(number) / 2_000
        squares[index] += Double(number * number) / 2_000
      }
    }
    // Standard errors over 2,000 draws are 0.011 and 0.005; four of them.
    #expect(sums.allSatisfy { abs($0) < 0.045 } && squares.allSatisfy { abs($0 - 0.25) < 0.022 })
  }

  @Test("scaled numbers are those of the other initialiser times the factor")
  func scaled() {
    #expect(
      draw(.scaled(.glorotUniform, by: 0.2), [6, 7]) == draw(.glorotUniform, [6, 7]).map { 0.2 * $0 })
  }

  @Test(
    "numbers depend on seed and name alone",
    arguments: [
      Initializer.uniform(low: -1, high: 1), .glorotUniform, .glorotNormal, .scaled(.glorotNormal, by: 3), .normal(),
      .xavierNormal, .orthogonal,
    ])
  func determinism(initializer: Initializer) {
    let numbers = draw(initializer, [8, 8])
    #expect(draw(initializer, [8, 8]) == numbers)
    for other in [
      draw(initializer, [8, 8], name: "net/layer2/kernel"), draw(initializer, [8, 8], name: "net/layer/kernem"),
      draw(initializer, [8, 8], seed: 2), draw(initializer, [8, 8], seed: 1 << 40 + 1),
    ] {
      #expect(zip(numbers, other).allSatisfy { $0 != $1 })
    }
  }

  @Test("uniform by the fan in fills ±1/√(fan in), of a convolution's kernel too")
  func fanIn() {
    for (shape, fanIn) in [([64, 10], 64), ([3, 3, 16, 8], 144)] as [(Shape, Float)] {
      let numbers = draw(.fanInUniform, shape)
      let largest = numbers.map(abs).max() ?? 0
      #expect(largest <= 1 / fanIn.squareRoot() && largest > 0.95 / fanIn.squareRoot())
    }
  }

  @Test("other layers, before or behind, change nothing about a layer's numbers")
  func independence() {
    let numbers = { (build: (ParameterTable) throws -> Void) throws -> [Float] in
      let table = ParameterTable(name: "net")
      try build(table)
      table.values.allocate()
      table.initialize(seed: 5)
      return Array(table.slice(table.entries.first { $0.name == "net/x" }!, of: table.values))
    }
    #expect(throws: Never.self) {
      let alone = try numbers { _ = try $0.entry("net/x", shape: [4, 5], initializer: .glorotNormal, layer: "") }
      let among = try numbers {
        _ = try $0.entry("net/a", shape: [7], initializer: .glorotNormal, layer: "")
        _ = try $0.entry("net/x", shape: [4, 5], initializer: .glorotNormal, layer: "")
        _ = try $0.entry("net/z", shape: [7, 2], initializer: .glorotUniform, layer: "")
      }
      #expect(alone == among)
    }
  }
}
