import Communication
import Graphs
import TestSupport
import Testing

@testable import Programs

/// What runs before and after the end of a segment, and what is started when.
@Suite struct SegmentTests {
  @Test("what is changed between two segments is seen by the second one")
  func between() throws {
    let (a, b) = (testBlock(32, seed: 1), testBlock(32, seed: 2))
    let graph = Graph()
    let first = try tanh(graph.read(a, shape: [32])) * 2
    try graph.endSegment()
    let sum = try first + graph.read(b, shape: [32])
    let plan = Plan(name: "test", graph: graph, outputs: [sum])
    #expect(plan.segmentCount == 2)
    #expect(plan.blocksRead(throughSegment: 0) == [a])
    #expect(plan.blocksRead(throughSegment: 1) == [a, b])
    let arena = Arena(plans: [plan])
    let program = Program(plan, arena: arena, communicator: SoloCommunicator())
    try program.run(segment: 0)
    for index in 0..<32 { b.values[index] = Float(index) }
    try program.run(segment: 1)
    let expected = ReferenceEvaluator(graph).evaluate(sum)
    #expect(relativeDifference(Array(program.values(of: sum)), expected) < 1e-6)
  }

  @Test("a sum is started right behind what it waits for, and the sums in their order")
  func readiness() throws {
    let graph = Graph()
    let block = StateBlock(name: "gradient", count: 96)
    let x = try graph.read(testBlock(32), shape: [32])
    // The last bucket's value is made first.
    var (value, made): (Value, [Value]) = (x, [])
    for _ in 0..<3 {
      value = try softmax(value.reshaped(to: [4, 8])).reshaped(to: [32])
      made.append(value)
    }
    let started = try (0..<3).map { try graph.startSum(of: [made[$0]], at: [64 - 32 * $0], bucket: $0, of: block) }
    let plan = Plan(name: "test", graph: graph, outputs: started)
    let names = plan.units.map { graph.nodes[$0.nodes[0]].operation.name }
    #expect(names == (0..<3).flatMap { _ in ["softmax", "pack", "startSum"] })
    #expect(plan.blocksWritten == [block])
  }

  @Test("sums that are started do not wait for collectives that block, nor these for them")
  func chains() throws {
    let graph = Graph()
    let block = StateBlock(name: "gradient", count: 32)
    let x = try graph.read(testBlock(32), shape: [4, 8])
    let first = try softmax(x)
    let blocking = try allReduceSum(softmax(softmax(softmax(first))))
    let started = try graph.startSum(of: [first], at: [0], bucket: 0, of: block)
    let plan = Plan(name: "test", graph: graph, outputs: [started, blocking])
    let names = plan.units.map { graph.nodes[$0.nodes[0]].operation.name }
    #expect(names == ["softmax", "pack", "startSum", "softmax", "softmax", "softmax", "allReduceSum"])
  }
}
