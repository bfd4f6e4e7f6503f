import CKernels
import Kernels
import Tensors
import Testing

@Suite("Elementwise runs in parts")
struct ElementwiseRunTests {
  private func memory(_ numbers: [Float]) -> MemoryBlock {
    let block = MemoryBlock(byteCount: max(1, numbers.count) * 4)
    for (index, number) in numbers.enumerated() { block.floats[index] = number }
    return block
  }

  /// y = x · row + 1 over [rows, columns], Σ y over the rows, Σ y² over all, in parts.
  private func run(rows: Int, columns: Int, parts: Int) -> (y: [Float], sums: [Float], squares: Float) {
    let x = memory(numbers(rows * columns))
    let row = memory(numbers(columns, seed: 2))
    let empty = { (count: Int) in memory([Float](repeating: .nan, count: count)) }
    let (y, sums, squares) = (empty(rows * columns), empty(columns), empty(1))
    let pointer = { (block: MemoryBlock) in block.floats.baseAddress! }
    let operands: [ElementwiseOperand] = [
      .memory(pointer(x)), .repeated(pointer(row), strides: [0, 1]), .register, .constant(1), .memory(pointer(y)),
      .sum(pointer(sums), strides: [0, 1]), .sum(pointer(squares), strides: [0, 0]),
    ]
    let layout = ElementwiseLayout(extents: [rows, columns], operands: operands.count, sums: [columns, 1])
    let scratch = empty(layout.scratchCount(parts: parts))
    let run = ElementwiseRun(
      extents: [rows, columns], operands: operands,
      instructions: [
        ElementwiseInstruction(CK_OP_MULTIPLY, 2, 0, 1), ElementwiseInstruction(CK_OP_ADD, 4, 2, 3),
        ElementwiseInstruction(CK_OP_SUM, 5, 4), ElementwiseInstruction(CK_OP_SUM_PRODUCT, 6, 4, 4),
      ], scratch: pointer(scratch))
    // In any order: parts have nothing in common.
    for part in (0..<parts).reversed() { run.run(part: part, parts: parts) }
    run.finish(parts: parts)
    return (Array(y.floats.prefix(rows * columns)), Array(sums.floats.prefix(columns)), squares.floats[0])
  }

  @Test(
    "any number of parts makes the same elements and, to float32 rounding, the same sums",
    arguments: [(1, 1), (100, 64), (333, 96), (1000, 3), (17, 700), (0, 5)])
  func parts(rows: Int, columns: Int) {
    let whole = run(rows: rows, columns: columns, parts: 1)
    var expected = [Double](repeating: 0, count: columns)
    for (index, y) in whole.y.enumerated() { expected[index % columns] += Double(y) }
    #expect(distance(whole.sums, expected) < 1e-5)
    for parts in [2, 3, 8, 50] {
      let split = run(rows: rows, columns: columns, parts: parts)
      #expect(split.y == whole.y)
      #expect(distance(split.sums, whole.sums.map(Double.init)) < 1e-6)
      #expect(distance([split.squares], [Double(whole.squares)]) < 1e-6)
    }
  }

  @Test("blocks hold whole rows and whole vectors where both fit")
  func layout() {
    let block = { (extents: [Int], operands: Int) in
      ElementwiseLayout(extents: extents, operands: operands, sums: []).block
    }
    #expect(block([1000, 256], 6) == 512)
    #expect(block([1000, 96], 8) == 480)
    #expect(block([1000, 3], 8) == 480)
    #expect(block([1000, 33], 8) == 495)
    #expect(block([1000, 700], 8) == 512)
    #expect(block([100_000], 1) == 4096)
    #expect(block([1000, 64], 3) == 1024)
    #expect(block([0, 0], 3) == 1024)
    let sums = ElementwiseLayout(extents: [1000, 64], operands: 2, sums: [64])
    #expect(sums.block == 4096)
    #expect(sums.scratchCount(parts: 3) == 3 * (2 * 4096 + 128))
  }
}
