import CKernels
import Graphs
import Kernels
import Tensors
import TestSupport
import Testing

@testable import Programs

/// Sums that runs gather while they make or read what is summed.
@Suite struct GatheringTests {
  /// Float32 rounding of a handful of functions.
  static let tolerance = 5e-6

  private let graph = Graph()
  private let shape: Shape = [6, 5, 7, 32]

  private func input(_ shape: Shape, seed: UInt64 = 1) throws -> Value {
    try graph.read(testBlock(shape.count, seed: seed), shape: shape)
  }

  /// A value that only a kernel can make.
  private func kernelOutput(seed: UInt64 = 1) throws -> Value { try softmax(input(shape, seed: seed)) }

  /// Runs the plan, checks its memory and its outputs.
  @discardableResult
  private func check(_ outputs: [Value], sourceLocation: SourceLocation = #_sourceLocation) throws -> Plan {
    let program = TestProgram(graph, outputs)
    try program.run()
    #expect(PlanMemory.problems(program.plan, outputs: outputs) == [], sourceLocation: sourceLocation)
    for output in outputs {
      let difference = relativeDifference(program.values(of: output), ReferenceEvaluator(graph).evaluate(output))
      #expect(difference <= Self.tolerance, "%\(output.index)", sourceLocation: sourceLocation)
    }
    return program.plan
  }

  private func isStored(_ value: Value, in plan: Plan) -> Bool { plan.storage[value.index] != nil }

  @Test("sums over any axes of what a run makes are gathered by it", arguments: 1..<16)
  func axes(mask: Int) throws {
    let x = try tanh(input(shape)) * input(shape, seed: 2)
    let axes = (0..<4).filter { mask >> $0 & 1 == 1 }
    let (sum, squares) = (try x.sum(axes: axes), try x.squared.sum(axes: axes))
    let plan = try check([sum, squares])
    // The sum over 5, 6 or 7 numbers is nearly as long as what it sums: a kernel.
    let isShort = [[0], [1], [2]].contains(axes)
    #expect(plan.unitCount == (isShort ? 3 : 1))
    #expect(isStored(x, in: plan) == isShort)
  }

  @Test("both statistics of a kernel's output take one pass over it")
  func statistics() throws {
    let x = try kernelOutput()
    let plan = try check([try x.sum(axes: [0, 1, 2]), try x.squared.sum(axes: [0, 1, 2]), x])
    #expect(plan.unitCount == 2)
    let run = try #require(plan.units.last?.run)
    #expect(run.instructions.map(\.opcode) == [CK_OP_SUM, CK_OP_SUM_PRODUCT])
    #expect(plan.unitDescriptions.last?.cost.bytes == 4 * (shape.count + 2 * 32))
  }

  @Test("statistics are gathered while the producer writes, and what nobody else needs is not stored")
  func producer() throws {
    let x = try kernelOutput() + input([32], seed: 2) + input(shape, seed: 3)
    let centred = try x - 0.25
    let weighted = try centred * input(shape, seed: 4)
    let sums = [
      try x.sum(axes: [0, 1, 2]), try x.squared.sum(axes: [0, 1, 2]), try weighted.sum(axes: [1, 2]),
      try weighted.sum(axes: [0, 1, 2]), try centred.total,
    ]
    let plan = try check(sums + [x])
    #expect(plan.unitCount == 2)
    #expect(isStored(x, in: plan) && !isStored(centred, in: plan) && !isStored(weighted, in: plan))
  }

  @Test("what needs a sum waits for the whole run, directly or through others")
  func consumers() throws {
    let x = try tanh(input(shape))
    let sum = try x.sum(axes: [0, 1, 2])
    let direct = try x * sum
    #expect(try check([direct]).unitCount == 2)
    let mean = try sum / 210
    let inverse = try squareRoot(x.squared.sum(axes: [0, 1, 2]) / 210 - mean.squared + 0.1).applying(.reciprocal)
    #expect(try check([relu((x - mean) * inverse)]).unitCount == 3)
    // Summed again, along the other axes.
    #expect(try check([direct.sum(axes: [3])]).unitCount == 2)
  }

  @Test("a sum does not join a run that waits for it by way of another")
  func circle() throws {
    let x = try kernelOutput()
    let sum = try x.sum(axes: [0, 1, 2])
    let row = try softmax(sum)
    let y = try x * row
    // y's run reads x too, but needs the sum first.
    #expect(try check([y, y.total]).unitCount == 4)
  }

  @Test("a run does not repeat a part of what it writes itself")
  func outOfStep() throws {
    let x = try tanh(input([40, 64]))
    let y = try x + x.slice(39..<40)
    let plan = try check([y, x])
    #expect(plan.unitCount == 2)
    let z = try tanh(input([16, 8], seed: 2))
    #expect(try check([try z * z.slice(3..<4).reshaped(to: [8, 1]).broadcast(to: [8, 8]).total]).unitCount > 1)
  }

  @Test("values under another name are read in step")
  func detached() throws {
    let x = try tanh(input(shape))
    let y = try x * x.detached
    #expect(try check([y, x.detached.squared.total]).unitCount <= 3)
  }

  @Test("sums go straight to where they are joined")
  func packed() throws {
    let x = try tanh(input(shape))
    let joined = try concatenate([x.sum(axes: [0, 1, 2]), x.squared.sum(axes: [0, 1, 2])], axis: 0)
    #expect(try check([joined]).unitCount == 2)
    // Both ranks have the same.
    let program = TestProgram(graph, [try allReduceSum(joined)])
    try program.run()
    let expected = ReferenceEvaluator(graph).evaluate(joined).map { 2 * $0 }
    #expect(relativeDifference(program.values(of: try allReduceSum(joined)), expected) <= Self.tolerance)
  }

  @Test("empty batches sum to nothing")
  func empty() throws {
    let x = try tanh(input([0, 3]))
    let program = TestProgram(graph, [try x.sum(axes: [0]), try x.total])
    try program.run()
    #expect(program.values(of: try x.sum(axes: [0])) == [0, 0, 0])
    #expect(program.values(of: try x.total) == [0])
  }

  @Test("what a batch norm's gradient needs is made from its input again, not stored")
  func recomputed() throws {
    let x = try kernelOutput()
    let mean = try x.sum(axes: [0, 1, 2]) / 1680
    let variance = try x.squared.sum(axes: [0, 1, 2]) / 1680 - mean.squared
    let (centred, inverse) = (try x - mean, try squareRoot(variance + 0.01).applying(.reciprocal))
    let (gain, bias) = (try input([6, 1, 1, 32], seed: 2), try input([32], seed: 3))
    let normalized = try centred * inverse
    let y = try relu(normalized * gain + bias)
    let loss = try (softmax(y) * input(shape, seed: 4)).total
    let found = try gradients(of: loss, withRespectTo: [x, gain, bias])
    let plan = try check([loss] + found)
    #expect(!isStored(centred, in: plan) && !isStored(normalized, in: plan) && isStored(y, in: plan))
    let forward = try #require(plan.units.first { $0.nodes.contains(y.index) })
    #expect(forward.members.contains(centred.index))
    #expect(!forward.members.contains { graph.nodes[$0].operation is Reduce })
  }

  @Test("a value that a kernel wants too is stored and read")
  func notRecomputed() throws {
    let x = try kernelOutput()
    let centred = try x - x.sum(axes: [0, 1, 2]) / 1680
    let y = try softmax(centred * 2)
    let plan = try check([y * centred, centred.transposed])
    #expect(isStored(centred, in: plan))
    #expect(plan.units.allSatisfy { $0.copies.isEmpty })
  }

  @Test("ReLU is one instruction, and so is its gradient")
  func relus() throws {
    let (x, g) = (try kernelOutput(), try input(shape, seed: 2))
    let y = try relu(x - 0.03)
    let forward = try #require(try check([y]).units.last?.run)
    #expect(forward.instructions.map(\.opcode) == [CK_OP_SUBTRACT, CK_OP_MAXIMUM])
    let backward = try gradients(of: (y * g).total, withRespectTo: [x])[0]
    let plan = try check([y, backward])
    #expect(plan.units.compactMap(\.run).flatMap(\.instructions).map(\.opcode).contains(CK_OP_SELECT_POSITIVE))
    #expect(!plan.units.compactMap(\.run).flatMap(\.instructions).map(\.opcode).contains(CK_OP_GREATER))
  }

  @Test("a test that others read too stays a value")
  func sharedTest() throws {
    let (x, g) = (try kernelOutput(), try input(shape, seed: 2))
    let isPositive = try greater(x, than: 0.03)
    let isAbove = try greater(g, than: 0)
    let outputs = [
      try select(isPositive, then: g, else: x), try select(isAbove, then: isAbove, else: x),
      try select(isAbove, then: x, else: g) + isAbove,
    ]
    try check(outputs)
  }
}
