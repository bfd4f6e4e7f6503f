import Graphs
import TestSupport
import Testing

@testable import Programs

/// Operations that write state happen where they were made, between the reads before and after.
@Suite struct EffectTests {
  /// The parameters, moments and scalars of one Adam update, followed by an average.
  private struct Network {
    static let count = 20
    let parameters = testBlock(Network.count, seed: 5)
    let first = testBlock(Network.count, seed: 6)
    let second = testBlock(Network.count, seed: 7)
    let average = testBlock(Network.count, seed: 8)
    let gradient = testBlock(Network.count, seed: 9)
    /// Learning rate, both corrections, apply, decay of the average.
    let scalars = testBlock(5, seed: 1)

    init(apply: Float = 1) {
      for index in 0..<Network.count { second.values[index] = abs(second.values[index]) }
      for (index, number) in [0.1, 1.5, 1.25, apply, 0.75].enumerated() { scalars.values[index] = Float(number) }
    }

    func read(_ block: StateBlock, in graph: Graph) throws -> Value {
      try graph.read(block, shape: [block.count])
    }

    func addUpdate(to graph: Graph) throws {
      let s = try (0..<5).map { try graph.read(scalars, at: $0, shape: .scalar) }
      _ = try graph.apply(
        AdamUpdate(
          parameters: parameters, firstMoment: first, secondMoment: second, beta1: 0.5, beta2: 0.9, epsilon: 1e-7,
          decay: 0.3), [try read(gradient, in: graph), s[0], s[1], s[2], s[3]])
      _ = try graph.apply(WeightAverage(average: average, parameters: parameters), [s[4], s[3]])
    }

    var state: [[UInt32]] { [parameters, first, second, average].map { $0.values.map(\.bitPattern) } }
  }

  @Test("reads before an update see the old values, reads after it the new ones")
  func order() throws {
    let network = Network()
    let graph = Graph()
    let old = Array(network.parameters.values)
    let oldAverage = Array(network.average.values)
    let before = try network.read(network.parameters, in: graph) * 2
    let averageBefore = try network.read(network.average, in: graph) * 2
    try network.addUpdate(to: graph)
    let after = try network.read(network.parameters, in: graph) * 2
    let averageAfter = try network.read(network.average, in: graph) * 2
    // Made last, from values of before: nothing may draw the earlier reads behind the update.
    let step = try after - before
    let outputs = [after, step, averageAfter, before, averageBefore]
    let program = TestProgram(graph, outputs)
    try program.run()
    let new = Array(network.parameters.values)
    #expect(zip(old, new).allSatisfy { $0 != $1 })
    #expect(program.values(of: before) == old.map { 2 * $0 })
    #expect(program.values(of: after) == new.map { 2 * $0 })
    #expect(program.values(of: step) == zip(old, new).map { 2 * $1 - 2 * $0 })
    #expect(program.values(of: averageBefore) == oldAverage.map { 2 * $0 })
    #expect(program.values(of: averageAfter) == network.average.values.map { 2 * $0 })
    // The average follows the new parameters: the update runs first.
    for index in 0..<Network.count {
      #expect(abs(network.average.values[index] - (0.75 * oldAverage[index] + 0.25 * new[index])) < 1e-6)
    }
  }

  @Test("a plan stops where state read before an update would be used after it")
  func staleRead() async {
    await #expect(processExitsWith: .failure) {
      let (network, graph) = (Network(), Graph())
      let stale = try network.read(network.parameters, in: graph)
      try network.addUpdate(to: graph)
      _ = Plan(name: "test", graph: graph, outputs: [try tanh(stale.reshaped(to: [4, 5]))])
    }
    await #expect(processExitsWith: .success) {
      let (network, graph) = (Network(), Graph())
      let gradient = try network.read(network.gradient, in: graph)
      try network.addUpdate(to: graph)
      _ = Plan(name: "test", graph: graph, outputs: [try tanh(gradient)])
    }
  }

  @Test("functions of before and after an update are never one run")
  func noFusionAcross() throws {
    let network = Network()
    let graph = Graph()
    let before = try tanh(network.read(network.gradient, in: graph))
    try network.addUpdate(to: graph)
    let after = try before * network.read(network.parameters, in: graph)
    let plan = Plan(name: "test", graph: graph, outputs: [after])
    let names = plan.units.map { graph.nodes[$0.nodes[0]].operation.name }
    #expect(names == ["tanh", "adam", "weightAverage", "multiply"])
  }

  @Test("a joined tensor of before and after an update keeps both")
  func joinedAcross() throws {
    let network = Network()
    let graph = Graph()
    let old = Array(network.parameters.values)
    let before = try network.read(network.parameters, in: graph) * 0.5
    try network.addUpdate(to: graph)
    let joined = try concatenate([before, network.read(network.parameters, in: graph) * 0.5], axis: 0)
    let program = TestProgram(graph, [joined])
    try program.run()
    #expect(PlanMemory.problems(program.plan, outputs: [joined]) == [])
    #expect(program.values(of: joined) == (old + network.parameters.values).map { 0.5 * $0 })
  }

  @Test("effects run although no output needs them, in the order in which they were made")
  func effectsAlone() throws {
    let network = Network()
    let graph = Graph()
    try network.addUpdate(to: graph)
    try network.addUpdate(to: graph)
    let plan = Plan(name: "test", graph: graph, outputs: [])
    #expect(
      plan.units.map { graph.nodes[$0.nodes[0]].operation.name } == ["adam", "weightAverage", "adam", "weightAverage"])
    let other = Network()
    let once = Graph()
    try other.addUpdate(to: once)
    let single = TestProgram(once, [])
    try single.run()
    try single.run()
    try TestProgram(graph, []).run()
    #expect(network.state == other.state)
  }

  @Test("an update whose apply is 0 touches nothing, whatever the gradient")
  func applyZero() throws {
    let network = Network(apply: 0)
    for index in 0..<Network.count { network.gradient.values[index] = index % 2 == 0 ? .nan : .infinity }
    let graph = Graph()
    try network.addUpdate(to: graph)
    let before = network.state
    try TestProgram(graph, []).run()
    #expect(network.state == before)
  }

  @Test("packed gradients are summed where they were written, gaps left as they are")
  func packed() throws {
    let graph = Graph()
    let block = StateBlock(name: "gradient", count: 64)
    block.allocate()
    for index in 0..<64 { block.values[index] = 100 }
    let (x, y) = (try -graph.read(testBlock(20), shape: [20]), try graph.read(testBlock(5, seed: 2), shape: [5]))
    let packed = try pack([x, y], at: [0, 32], of: block)
    let sum = try allReduceSum(packed)
    // x is read once more, after the sum: it may not have been written into the block that is summed.
    let after = try x.reshaped(to: [4, 5]).transposed
    let late = try after.reshaped(to: [20]) * sum.slice(0..<20)
    let program = TestProgram(graph, [late, x])
    try program.run()
    let numbers = program.values(of: x)
    #expect(numbers == ReferenceEvaluator(graph).evaluate(x).map { Float($0) })
    #expect(block.values[0..<20].elementsEqual(numbers.map { 2 * $0 }))
    #expect(block.values[20..<32].allSatisfy { $0 == 200 } && block.values[37...].allSatisfy { $0 == 200 })
    #expect(PlanMemory.problems(program.plan, outputs: [late, x]) == [])
  }
}
