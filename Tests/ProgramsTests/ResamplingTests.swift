import CKernels
import Graphs
import Kernels
import Tensors
import TestSupport
import Testing

@testable import Programs

/// Images of half and twice the size inside runs.
@Suite struct ResamplingTests {
  /// Float32 rounding of a handful of functions.
  static let tolerance = 5e-6

  private let graph = Graph()

  private func input(_ shape: Shape, seed: UInt64 = 1) throws -> Value {
    try graph.read(testBlock(shape.count, seed: seed), shape: shape)
  }

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

  @Test(
    "upsampled images are read from the small ones by the run that adds them",
    arguments: [[3, 4, 5, 16], [2, 1, 1, 3], [1, 8, 8, 64], [5, 3, 2, 3], [4, 2, 6, 300]])
  func residual(small: [Int]) throws {
    let skip = try softmax(input(Shape(small)))
    let shape: Shape = [small[0], 2 * small[1], 2 * small[2], small[3]]
    let wide = try upsample(skip)
    let x = try input(shape, seed: 2) * input([small[0], 1, 1, small[3]], seed: 3) + input([small[3]], seed: 4)
    let y = try relu(x + wide)
    let plan = try check([y, y.sum(axes: [1, 2]), y.squared.total])
    #expect(small[1] * small[2] == 1 || plan.unitCount == 2)
    #expect(plan.storage[wide.index] == nil)
  }

  @Test("pooled images are read from the large ones by the run that uses them")
  func pooled() throws {
    let large = try softmax(input([3, 8, 6, 16]))
    let y = try averagePool(large) + input([3, 4, 3, 16], seed: 2)
    let plan = try check([relu(y), y.sum(axes: [0, 1, 2])])
    #expect(plan.unitCount == 2)
    let bytes = try #require(plan.unitDescriptions.last?.cost.bytes)
    #expect(bytes == 4 * (large.shape.count + 2 * y.shape.count + 16))
  }

  @Test("both are written out where a kernel wants them")
  func materialized() throws {
    let x = try input([2, 4, 6, 8])
    let outputs = [
      try softmax(upsample(x)), try softmax(averagePool(x)), try upsample(x), try sumPool(tanh(x)),
      try upsample(x) * 2, try upsample(input([8]).broadcast(to: [1, 2, 3, 8])),
    ]
    try check(outputs)
  }

  @Test("what is repeated twice over is right")
  func nested() throws {
    let row = try input([3])
    let wide = try row.broadcast(to: [2, 3]).reshaped(to: [1, 2, 1, 3])
    let outputs = [
      try input([3, 1], seed: 2).broadcast(to: [3, 5]).broadcast(to: [2, 3, 5]), try upsample(wide),
      try averagePool(wide.broadcast(to: [4, 2, 2, 3])),
      try averagePool(upsample(wide) * input([2, 1, 1, 3], seed: 3)),
    ]
    try check(outputs)
  }

  @Test("gradients of resampled images are resampled gradients")
  func gradient() throws {
    let (small, large) = (try input([2, 3, 4, 8]), try input([2, 6, 8, 8], seed: 2))
    let loss = try (upsample(small) * large).squared.total + (averagePool(large) * small).total
    let found = try gradients(of: loss, withRespectTo: [small, large])
    let plan = try check(found + [loss])
    let names = plan.units.flatMap { unit in unit.nodes.map { graph.nodes[$0].operation.name } }
    #expect(names.contains("sumPool") && !names.contains("upsample"))
  }

  @Test("a run over more axes than images have is right")
  func manyAxes() throws {
    let shape: Shape = [2, 3, 2, 3, 2, 3, 2, 5]
    let x = try input(shape)
    let rows = [0xaa, 0x55, 0x99].map { mask in
      Shape(shape.dimensions.enumerated().map { mask >> $0 & 1 == 1 ? 1 : $1 })
    }
    let y = try x * input(rows[0], seed: 2) + tanh(input(rows[1], seed: 3)) - input(rows[2], seed: 4)
    let plan = try check([y, y.sum(axes: [0, 2, 4, 6]), input(rows[0], seed: 5).broadcast(to: shape)])
    #expect(plan.units.contains { ($0.run?.extents.count ?? 0) > 6 })
  }
}
