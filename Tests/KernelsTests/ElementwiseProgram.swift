import CKernels

/// A fused program that tests build up and run: operands in order, instructions in order.
struct ElementwiseProgram {
  let extent: [Int64]
  var block: Int64
  private var operands: [ck_operand] = []
  private var strides: [[Int64]] = []
  private var instructions: [ck_instruction] = []
  private var sumCount: Int64 = 0

  init(extent: [Int64], block: Int64 = 512) {
    self.extent = extent
    self.block = block
  }

  var count: Int64 { extent.reduce(1, *) }

  @discardableResult
  mutating func operand(
    _ kind: ck_operand_kind, _ memory: UnsafeMutablePointer<Float>? = nil, stride: [Int64]? = nil, constant: Float = 0
  ) -> Int32 {
    operands.append(
      ck_operand(memory: memory, stride: nil, offset: sumCount, kind: Int32(kind.rawValue), constant: constant))
    strides.append(stride ?? extent.map { _ in 0 })
    if kind == CK_SUM { sumCount += zip(extent, strides.last!).reduce(1) { $1.1 == 0 ? $0 : $0 * $1.0 } }
    return Int32(operands.count - 1)
  }

  mutating func add(_ opcode: Int, to destination: Int32, _ a: Int32, _ b: Int32 = -1, _ c: Int32 = -1) {
    instructions.append(ck_instruction(opcode: Int32(opcode), destination: destination, a: a, b: b, c: c))
  }

  /// Runs all blocks in `parts` calls and returns the sums.
  @discardableResult
  func run(_ level: KernelLevel, parts: Int64 = 1) -> [Double] {
    let slots = operands.count * Int((block + 15) / 16 * 16)
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: slots * 4, alignment: 64)
    defer { scratch.deallocate() }
    var total = [Double](repeating: 0, count: Int(sumCount))
    let axes = extent + strides.joined()
    axes.withUnsafeBufferPointer { axes in
      var operands = operands
      for index in operands.indices { operands[index].stride = axes.baseAddress! + extent.count * (1 + index) }
      operands.withUnsafeBufferPointer { operands in
        instructions.withUnsafeBufferPointer { instructions in
          var program = ck_elementwise_program(
            extent: axes.baseAddress!, count: count, block: block, sumCount: sumCount,
            dimensions: Int32(extent.count), operandCount: Int32(operands.count),
            instructionCount: Int32(instructions.count), operands: operands.baseAddress!,
            instructions: instructions.baseAddress!)
          let blocks = (count + block - 1) / block
          for part in 0..<parts {
            var sums = [Double](repeating: .nan, count: Int(sumCount))
            level.kernels.elementwise_run(
              &program, blocks * part / parts * block, min(count, blocks * (part + 1) / parts * block),
              scratch.assumingMemoryBound(to: Float.self), &sums)
            for index in total.indices { total[index] += sums[index] }
          }
        }
      }
    }
    return total
  }
}

/// Where the operand of these strides has element `linear` of the flattened space.
func offset(of linear: Int, _ extent: [Int64], _ stride: [Int64]) -> Int64 {
  var (rest, offset) = (Int64(linear), Int64(0))
  for d in extent.indices.reversed() {
    offset += rest % extent[d] * stride[d]
    rest /= extent[d]
  }
  return offset
}
