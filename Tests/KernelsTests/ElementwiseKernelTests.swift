import CKernels
import Glibc
import Testing

/// One operation on arrays.
private func apply(
  _ opcode: Int, _ a: [Float], _ b: [Float], _ c: [Float], to y: UnsafeMutablePointer<Float>, _ level: KernelLevel
) {
  var (a, b, c) = (a, b, c)
  let count = a.count
  a.withUnsafeMutableBufferPointer { a in
    b.withUnsafeMutableBufferPointer { b in
      c.withUnsafeMutableBufferPointer { c in
        var program = ElementwiseProgram(extent: [Int64(count)])
        for x in [a, b, c] { program.operand(CK_CONTIGUOUS, x.baseAddress) }
        let result = program.operand(CK_CONTIGUOUS, y)
        program.add(opcode, to: result, 0, 1, 2)
        program.run(level)
      }
    }
  }
}

@Suite("Elementwise programs")
struct ElementwiseKernelTests {
  /// Every operation with its meaning in double; transcendentals have tests of their own.
  static let operations: [(opcode: Int, meaning: @Sendable (Double, Double, Double) -> Double)] = [
    (Int(CK_OP_ADD), { a, b, _ in a + b }), (Int(CK_OP_SUBTRACT), { a, b, _ in a - b }),
    (Int(CK_OP_MULTIPLY), { a, b, _ in a * b }), (Int(CK_OP_DIVIDE), { a, b, _ in a / b }),
    (Int(CK_OP_MAXIMUM), { a, b, _ in a.isNaN || b.isNaN ? .nan : max(a, b) }),
    (Int(CK_OP_MINIMUM), { a, b, _ in a.isNaN || b.isNaN ? .nan : min(a, b) }),
    (Int(CK_OP_GREATER), { a, b, _ in a > b ? 1 : 0 }), (Int(CK_OP_EQUAL), { a, b, _ in a == b ? 1 : 0 }),
    (Int(CK_OP_SELECT), { a, b, c in a != 0 ? b : c }), (Int(CK_OP_NEGATE), { a, _, _ in -a }),
    (Int(CK_OP_ABSOLUTE), { a, _, _ in abs(a) }),
    (Int(CK_OP_SIGN), { a, _, _ in a.isNaN ? .nan : a > 0 ? 1 : a < 0 ? -1 : 0 }),
    (Int(CK_OP_EXP), { a, _, _ in exp(a) }), (Int(CK_OP_LOG), { a, _, _ in log(a) }),
    (Int(CK_OP_TANH), { a, _, _ in tanh(a) }), (Int(CK_OP_SIGMOID), { a, _, _ in 1 / (1 + exp(-a)) }),
    (Int(CK_OP_SOFTPLUS), { a, _, _ in max(a, 0) + log1p(exp(-abs(a))) }),
    (Int(CK_OP_SQRT), { a, _, _ in a.squareRoot() }),
    (Int(CK_OP_RECIPROCAL), { a, _, _ in 1 / a }), (Int(CK_OP_SQUARE), { a, _, _ in a * a }),
    (Int(CK_OP_MULTIPLY_ADD), { a, b, c in a * b + c }), (Int(CK_OP_COPY), { a, _, _ in a }),
    (Int(CK_OP_SELECT_POSITIVE), { a, b, c in a > 0 ? b : c }),
  ]

  @Test("every operation means what its comment says, NaN and infinities included")
  func meanings() {
    #expect(Self.operations.map(\.opcode) == Array(0..<Int(CK_OP_COUNT)))
    let special: [Float] = [.nan, .infinity, -.infinity, 0, -0.0, 1, -1]
    for level in KernelLevel.all {
      for count in [1, 7, 16, 49, 512, 1100] {
        let c = numbers(count, seed: 3)
        var a = numbers(count)
        var b = numbers(count, seed: 2)
        for i in 0..<min(49, count) where count > 16 {
          a[i] = special[i / 7]
          b[i] = special[i % 7]
        }
        for (opcode, meaning) in Self.operations {
          let y = written(count) { y in
            apply(opcode, a, b, c, to: y, level)
          }
          let expected = (0..<count).map { meaning(Double(a[$0]), Double(b[$0]), Double(c[$0])) }
          #expect(distance(y, expected) < 4e-7, "\(level), operation \(opcode), \(count) elements")
        }
      }
    }
  }

  @Test("broadcast operands of every pattern are expanded as their strides say")
  func broadcasts() {
    let extents: [[Int64]] = [
      [1], [700], [64, 8], [300, 10], [3, 600], [7, 5, 33], [2, 3, 4, 5], [3, 2, 100, 7], [2000, 1], [2, 1, 40, 64],
      [3, 2, 5, 2, 17], [2, 3, 2, 5, 2, 9], [2, 2, 3, 2, 2, 3, 2, 4], [2, 1, 1, 3, 1, 2, 100],
    ]
    var memory = numbers(200_000)
    memory.withUnsafeMutableBufferPointer { memory in
      for level in KernelLevel.all {
        for extent in extents {
          let full = extent.indices.map { extent[($0 + 1)...].reduce(1, *) }
          // Every subset of repeated dimensions, then transposed and spread-out ones.
          var strides = (0..<1 << extent.count).map { mask in
            extent.indices.map { mask >> $0 & 1 == 1 ? 0 : full[$0] }
          }
          strides.append(extent.indices.map { extent[..<$0].reduce(1, *) })
          strides.append(extent.indices.map { $0 == extent.count - 1 ? 3 : 0 })
          if extent.count > 1 { strides.append(extent.indices.map { $0 == extent.count - 2 ? 1 : 0 }) }
          for stride in strides {
            for (block, parts) in [(512, 1), (512, 3), (480, 1)] as [(Int64, Int64)] {
              let y = copy(memory.baseAddress!, extent, stride, block: block, parts: parts, level)
              let isRight = y.indices.allSatisfy { y[$0] == memory[Int(offset(of: $0, extent, stride))] + 1 }
              #expect(isRight, "\(level), extent \(extent), stride \(stride), block \(block), \(parts) parts")
            }
          }
        }
      }
    }
  }

  /// The broadcast operand plus 1.
  private func copy(
    _ memory: UnsafeMutablePointer<Float>, _ extent: [Int64], _ stride: [Int64], block: Int64, parts: Int64,
    _ level: KernelLevel
  ) -> [Float] {
    written(Int(extent.reduce(1, *))) { y in
      var program = ElementwiseProgram(extent: extent, block: block)
      program.operand(CK_BROADCAST, memory, stride: stride)
      let one = program.operand(CK_CONSTANT, constant: 1)
      let sum = program.operand(CK_SCRATCH)
      let result = program.operand(CK_CONTIGUOUS, y)
      program.add(Int(CK_OP_ADD), to: sum, 0, one)
      program.add(Int(CK_OP_COPY), to: result, sum)
      program.run(level, parts: parts)
    }
  }

  @Test("an output may lie on its input, and a chain uses registers")
  func inPlace() {
    for level in KernelLevel.all {
      for count in [5, 512, 1300] {
        let x = numbers(count)
        let y = written(count) { y in
          for i in 0..<count { y[i] = x[i] }
          var program = ElementwiseProgram(extent: [Int64(count)])
          let value = program.operand(CK_CONTIGUOUS, y)
          let slope = program.operand(CK_CONSTANT, constant: 0.2)
          let small = program.operand(CK_SCRATCH)
          program.add(Int(CK_OP_MULTIPLY), to: small, value, slope)
          program.add(Int(CK_OP_MAXIMUM), to: value, value, small)
          program.run(level)
        }
        #expect(y == x.map { max($0, $0 * 0.2) }, "\(level)")
      }
    }
  }

  @Test("operations of plain IEEE arithmetic are the same bits at every CPU level")
  func sameBits() {
    let (a, b) = (numbers(1000), numbers(1000, seed: 2))
    for opcode in [CK_OP_ADD, CK_OP_SUBTRACT, CK_OP_MULTIPLY, CK_OP_DIVIDE, CK_OP_SQRT, CK_OP_RECIPROCAL, CK_OP_SQUARE]
    {
      let results = KernelLevel.all.map { level in
        // The sign of a NaN that an operation makes is the CPU's own affair.
        written(1000) { y in
          apply(Int(opcode), a, b, b, to: y, level)
        }.map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
      }
      #expect(results.allSatisfy { $0 == results[0] }, "operation \(opcode)")
    }
  }
}
