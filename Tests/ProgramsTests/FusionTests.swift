import CKernels
import Graphs
import Kernels
import Tensors
import TestSupport
import Testing

@testable import Programs

/// What becomes one run, and that a run computes what its functions mean.
@Suite struct FusionTests {
  /// Float32 rounding of a handful of functions of up to 2.5 ulp.
  static let tolerance = 2e-6

  /// More elements than two blocks of the interpreter, and no multiple of a vector.
  private static let length = 2 * Int(CK_BLOCK) + 77

  private func input(_ graph: Graph, _ shape: Shape, seed: UInt64 = 1) throws -> Value {
    try graph.read(testBlock(shape.count, seed: seed), shape: shape)
  }

  /// Runs the plan, checks its memory and its outputs.
  @discardableResult
  private func check(
    _ outputs: [Value], tolerance: Double = Self.tolerance, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Plan {
    let program = TestProgram(outputs[0].graph, outputs)
    try program.run()
    #expect(PlanMemory.problems(program.plan, outputs: outputs) == [], sourceLocation: sourceLocation)
    for output in outputs {
      let difference = relativeDifference(
        program.values(of: output), ReferenceEvaluator(output.graph).evaluate(output))
      #expect(difference <= tolerance, "%\(output.index)", sourceLocation: sourceLocation)
    }
    return program.plan
  }

  @Test("a chain of functions is one run that stores its end only")
  func chain() throws {
    let graph = Graph()
    let x = try input(graph, [Self.length])
    let y = try sigmoid(tanh(x * 2) + x) * 0.5
    let plan = try check([y])
    #expect(plan.unitCount == 1)
    #expect(plan.storage.count { if case .arena? = $0 { true } else { false } } == 1)
  }

  @Test("leakyRelu is right for every slope, at zero, infinity and NaN", arguments: [0, 0.2, 1, 2, -0.5] as [Float])
  func leakyRelu(slope: Float) throws {
    let graph = Graph()
    let x = try graph.literal([-3, -1e-30, -0.0, 0, 1e-30, 2.5, .infinity, .nan], shape: [8])
    let negative = try graph.literal([-.infinity, -7], shape: [2])
    let outputs = [
      try x.applying(.leakyRelu(slope: slope)), try negative.applying(.leakyRelu(slope: slope)),
      try x.applying(.leakyRelu(slope: slope)) + x,
    ]
    let program = TestProgram(graph, outputs)
    try program.run()
    let expected: [Float] = [-3 * slope, -1e-30 * slope, 0, 0, 1e-30, 2.5, .infinity, .nan]
    for (found, wanted) in zip(program.values(of: outputs[0]), expected) {
      #expect(found == wanted || (found.isNaN && wanted.isNaN))
    }
    let second = program.values(of: outputs[1])
    #expect(second[0] == (slope == 0 ? 0 : -.infinity * slope))
    #expect(second[1] == -7 * slope)
    #expect(program.values(of: outputs[2])[0] == -3 * slope - 3)
  }

  @Test("leakyRelu inside a run leaves its input to the functions after it", arguments: [0, 0.2, 1, 2] as [Float])
  func leakyReluInRun(slope: Float) throws {
    let graph = Graph()
    let x = try input(graph, [Self.length])
    let y = try tanh(x)
    let z = try y.applying(.leakyRelu(slope: slope))
    try check([try z * y + exp(z), z.applying(.leakyRelu(slope: slope))])
  }

  @Test("a chain longer than the largest run is split and stays right", arguments: [39, 40, 41, 85])
  func split(length: Int) throws {
    let graph = Graph()
    let x = try input(graph, [Self.length])
    var y = x
    for step in 0..<length { y = try step % 2 == 0 ? y + x : y.applying(.tanh) }
    let plan = try check([y], tolerance: 1e-5)
    #expect(plan.unitCount == (length + 39) / 40)
    #expect(plan.units.allSatisfy { $0.nodes.count <= 40 })
  }

  @Test("repeated operands over four axes are right in every pattern", arguments: 0..<16)
  func broadcasts(pattern: Int) throws {
    let graph = Graph()
    let extents = [3, 5, 7, 11]
    let x = try input(graph, Shape(extents))
    let pick = { (mask: Int) in Shape(extents.enumerated().map { mask >> $0 & 1 == 1 ? 1 : $1 }) }
    let row = try tanh(input(graph, pick(pattern), seed: 2))
    let other = try input(graph, pick(15 - pattern), seed: 3)
    let y = try (x * row + other) * (row - 0.5)
    let plan = try check([y, tanh(row) + x])
    #expect(plan.units.contains { $0.nodes.count >= 3 })
  }

  @Test("axes that all operands walk alike are one")
  func joinedAxes() {
    let shape: Shape = [2, 3, 1, 4]
    let none = JoinedAxes(shape: shape, strides: [])
    #expect(none.extents == [24])
    let row = JoinedAxes(shape: shape, strides: [[0, 0, 0, 1]])
    #expect((row.extents, row.strides) == ([6, 4], [[0, 1]]))
    let whole = JoinedAxes(shape: shape, strides: [[12, 4, 4, 1], [0, 0, 0, 0]])
    #expect((whole.extents, whole.strides) == ([24], [[1], [0]]))
    let middle = JoinedAxes(shape: shape, strides: [[4, 0, 0, 1]])
    #expect((middle.extents, middle.strides) == ([2, 3, 4], [[4, 0, 1]]))
    #expect(middle.join([12, 4, 4, 1]) == [12, 4, 1])
    let scalar = JoinedAxes(shape: .scalar, strides: [[]])
    #expect((scalar.extents, scalar.strides) == ([1], [[0]]))
    #expect(JoinedAxes(shape: [1, 1], strides: []).join([1, 1]) == [0])
  }

  @Test("scalars: alone, computed, repeated, as outputs")
  func scalars() throws {
    let graph = Graph()
    let s = try input(graph, .scalar)
    let t = try exp(s) + 1
    let x = try input(graph, [Self.length], seed: 4)
    let y = try x * t - s
    try check([t, y, y.total / Float(Self.length) * t], tolerance: 1e-5)
  }

  @Test("an input that ends in a run is overwritten and the run stays right")
  func overwritten() throws {
    let graph = Graph()
    let a = try softmax(input(graph, [3, Self.length]))
    let y = try softmax(a.applying(.leakyRelu(slope: 0.2)) * a + sigmoid(a))
    let plan = try check([y])
    guard case .arena(let source)? = plan.storage[a.index], let run = plan.units[1].run else {
      Issue.record("the second unit should be a fused run over the arena: \(plan)")
      return
    }
    let written = run.operands[run.instructions.last!.destination]
    guard case .node(let node) = written, case .arena(let target)? = plan.storage[node] else {
      Issue.record("the run should write a value of the arena: \(plan)")
      return
    }
    #expect(target == source)
  }

  @Test("functions around a kernel do not become one run: the units would wait in a circle")
  func noCycle() throws {
    let graph = Graph()
    let x = try input(graph, [4, 50])
    let a = try tanh(x)
    let b = try softmax(a)
    let c = try a + b
    let d = try c.sum(axes: [1]).broadcast(to: [4, 50])
    let plan = try check([try a * d - c, b])
    #expect(plan.unitCount == 4)
  }

  @Test("two chains that meet are one run, through a third unit they are not")
  func meeting() throws {
    let graph = Graph()
    let (x, y) = (try input(graph, [90]), try input(graph, [90], seed: 2))
    let (a, b) = (try tanh(x), try exp(y))
    #expect(try check([a * b]).unitCount == 1)
    // b's chain now also waits for a kernel that waits for a's.
    let c = try b + softmax(a)
    #expect(try check([a * c]).unitCount == 3)
  }

  @Test("a value that others need in memory is written by the run that also uses it")
  func partlyStored() throws {
    let graph = Graph()
    let x = try input(graph, [Self.length])
    let a = try tanh(x)
    let b = try a * a
    let c = try b + a
    let plan = try check([a, c, b.reshaped(to: [1, Self.length])])
    #expect(plan.unitCount == 1)
  }

  @Test("the functions of a run may take the same input twice")
  func sameInputTwice() throws {
    let graph = Graph()
    let x = try input(graph, [Self.length])
    let a = try tanh(x)
    let b = try a * a
    let c = try select(b, then: b, else: b)
    try check([try (c + c) / (c + 1)])
  }

  @Test("empty tensors run")
  func empty() throws {
    let graph = Graph()
    let x = try input(graph, [0, 3])
    let y = try tanh(x) + 1
    let program = TestProgram(graph, [y, try concatenate([y, input(graph, [2, 3])], axis: 0)])
    try program.run()
    #expect(program.values(of: y).isEmpty)
  }
}
