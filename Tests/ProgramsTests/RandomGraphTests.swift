import Graphs
import TestSupport
import Testing

@testable import Programs

/// Planned programs against the meaning of their graphs, one operation after the other in float64.
@Suite struct RandomGraphTests {
  /// Float32 through up to sixty operations that may each enlarge errors; a value in the wrong place errs by about 1.
  static let tolerance = 2e-3

  @Test("a program computes what its random graph means, at every run", arguments: 0..<240)
  func results(seed: Int) throws {
    let random = try RandomGraph(seed: UInt64(seed))
    let program = TestProgram(random.graph, random.outputs)
    try program.run()
    let first = random.outputs.map { program.values(of: $0) }
    for (output, result) in zip(random.outputs, first) {
      let difference = relativeDifference(result, random.numbers(output))
      // Written so that NaN fails.
      #expect(difference < Self.tolerance, "%\(output.index) \(output.node.operation.name)")
    }
    try program.run()
    let second = random.outputs.map { program.values(of: $0) }
    #expect(second.map { $0.map(\.bitPattern) } == first.map { $0.map(\.bitPattern) })
  }

  @Test("no value of a random graph is overwritten before its last reader", arguments: 0..<240)
  func memory(seed: Int) throws {
    let random = try RandomGraph(seed: UInt64(seed))
    let plan = Plan(name: "test", graph: random.graph, outputs: random.outputs)
    #expect(PlanMemory.problems(plan, outputs: random.outputs) == [])
  }

  @Test(
    "a program in segments computes what its graph means, and each segment only what comes after", arguments: 0..<120)
  func segments(seed: Int) throws {
    let random = try RandomGraph(seed: UInt64(seed), endsSegments: true)
    let program = TestProgram(random.graph, random.outputs)
    try program.run()
    for output in random.outputs {
      #expect(
        relativeDifference(program.values(of: output), random.numbers(output)) < Self.tolerance,
        "%\(output.index) \(output.node.operation.name)")
    }
    #expect(PlanMemory.problems(program.plan, outputs: random.outputs) == [])
    let segments = program.plan.segments
    #expect(segments.count == program.plan.segmentCount && segments.count > 1)
    for (number, segment) in segments.enumerated() {
      for unit in program.plan.units[segment] {
        // Functions may move to where they are used, never to a segment before their own.
        #expect(unit.nodes.allSatisfy { random.graph.nodes[$0].epoch <= number })
        #expect(unit.nodes.last.map { random.graph.nodes[$0].epoch } == number)
      }
    }
  }

  @Test("equal graphs get equal plans", arguments: 0..<60)
  func determinism(seed: Int) throws {
    let (a, b) = (try RandomGraph(seed: UInt64(seed)), try RandomGraph(seed: UInt64(seed)))
    let (planA, planB) = (
      Plan(name: "a", graph: a.graph, outputs: a.outputs), Plan(name: "b", graph: b.graph, outputs: b.outputs)
    )
    #expect(planA.description == planB.description)
    #expect(planA.arenaCount == planB.arenaCount)
    #expect(planA.units.map { "\($0.run?.operands ?? [])" } == planB.units.map { "\($0.run?.operands ?? [])" })
    #expect(planA.units.map { "\($0.run?.instructions ?? [])" } == planB.units.map { "\($0.run?.instructions ?? [])" })
  }

  @Test("the random graphs have everything that a plan must get right")
  func coverage() throws {
    var names: Set<String> = []
    var (fused, reused, values, gathered) = (0, 0, 0, 0)
    for seed in 0..<240 {
      let random = try RandomGraph(seed: UInt64(seed))
      let plan = Plan(name: "test", graph: random.graph, outputs: random.outputs)
      names.formUnion(plan.units.flatMap { unit in unit.nodes.map { random.graph.nodes[$0].operation.name } })
      fused += plan.units.count { $0.nodes.count > 1 }
      gathered += plan.units.count { unit in
        unit.isFused && unit.nodes.count > 1 && unit.nodes.contains { random.graph.nodes[$0].operation is Reduce }
      }
      let stored = plan.units.flatMap(\.nodes).filter { if case .arena? = plan.storage[$0] { true } else { false } }
      let total = stored.reduce(0) { $0 + (random.graph.nodes[$1].shape.count + 15) / 16 * 16 }
      values += 1
      reused += plan.arenaCount - plan.scratchCount < total ? 1 : 0
    }
    let expected: Set = [
      "add", "subtract", "multiply", "divide", "maximum", "minimum", "greater", "equal", "select", "negate", "absolute",
      "sign", "exp", "log", "tanh", "sigmoid", "squareRoot", "reciprocal", "square", "softplus", "leakyRelu",
      "broadcast", "slice", "concatenate", "reduceSum", "reduceMaximum", "transpose", "matmul", "softmax",
      "allReduceSum", "upsample", "sumPool",
    ]
    #expect(expected.subtracting(names) == [])
    #expect(gathered > values / 4, "runs that gather sums in \(values) graphs")
    #expect(fused > values, "runs of several functions in \(values) graphs")
    #expect(reused > values * 3 / 4, "graphs whose arena is smaller than their values")
  }
}
