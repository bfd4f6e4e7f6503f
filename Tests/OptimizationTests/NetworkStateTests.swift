import Communication
import Graphs
import Layers
import Programs
import Tensors
import TestSupport
import Testing

@testable import Optimization

/// How a network's blocks lie, and what reaches the other ranks.
@Suite struct NetworkStateTests {
  private static let settings = OptimizerSettings(
    learningRate: 0.1, beta1: 0.5, beta2: 0.9, epsilon: 1e-8, averageDecay: 0.9)

  /// loss = Σ a·x + 3 Σ b, of tensors whose sizes are no multiples of a cache line.
  private struct Linear {
    let network: NetworkState
    let graph = Graph()
    let x = testBlock(21, seed: 3)
    let program: Program

    init(reports: Int, communicator: any Communicator = SoloCommunicator()) throws {
      network = NetworkState(name: "net", settings: NetworkStateTests.settings)
      let scope = Scope(graph: graph, parameters: network.parameters)
      let a = try scope.parameter("a", [3, 7], .zeros)
      let b = try scope.parameter("b", [5], .zeros)
      let loss = try (a * graph.read(x, shape: [3, 7])).total + b.total * 3
      let graph = graph
      try network.addUpdate(loss: loss, reports: (0..<reports).map { try loss * 0 + graph.constant(Float($0 + 1)) })
      let plan = Plan(name: "update", graph: graph, outputs: [])
      try network.allocate(over: communicator)
      network.parameters.initialize(seed: 1)
      network.startAverage()
      program = Program(plan, arena: Arena(plans: [plan]), communicator: communicator)
    }

    /// The block that the optimiser's pack writes.
    var gradient: StateBlock? {
      graph.nodes.compactMap { ($0.operation as? Pack)?.destination }.first
    }
  }

  @Test("parameters whose gradient is exactly zero are counted, layer by layer, once there has been a step")
  func zeroGradients() throws {
    let run = try Linear(reports: 1)
    #expect(run.network.zeroGradientShare() == nil)
    for index in 0..<7 { run.x.values[index] = 0 }
    run.network.prepareUpdate()
    try run.program.run()
    // 7 of the 21 of a, none of the 5 of b.
    #expect(run.network.zeroGradientShare() == 7.0 / 26)
    let names = run.network.parameters.entries.map(\.name)
    #expect(names == ["net/a", "net/b"])
    #expect(run.network.zeroGradientShare(under: "net") == 7.0 / 26)
    #expect(run.network.zeroGradientShare(under: "ne") == nil)
  }

  @Test("gradients lie as the parameters do, reports behind them on a line of their own")
  func layout() throws {
    let run = try Linear(reports: 3)
    run.network.prepareUpdate()
    try run.program.run()
    let table = run.network.parameters
    #expect(table.entries.map(\.offset) == [0, 32])
    #expect(table.values.count == 37)
    let gradient = try #require(run.gradient)
    #expect(gradient.count == 48 + 3)
    #expect(Array(gradient.values[0..<21]) == Array(run.x.values))
    #expect(gradient.values[21..<32].allSatisfy { $0 == 0 })
    #expect(gradient.values[32..<37].allSatisfy { $0 == 3 })
    #expect(gradient.values[37..<48].allSatisfy { $0 == 0 })
    #expect(Array(gradient.values[48...]) == [1, 2, 3])
    #expect((0..<3).map(run.network.report) == [1, 2, 3])
    for block in [run.network.firstMoment, run.network.secondMoment, run.network.average] {
      #expect(try #require(block).count == table.values.count)
    }
    #expect(run.network.firstMoment.values[32] == 1.5)
    #expect(run.network.firstMoment.values[21..<32].allSatisfy { $0 == 0 })
  }

  @Test("a program of an update sums once, in the gradients' own block")
  func oneSum() throws {
    let run = try Linear(reports: 2)
    let names = run.program.plan.unitDescriptions.map(\.name)
    #expect(names.filter { $0 == "startSum" }.count == 1)
    #expect(Array(names.suffix(5)) == ["startSum", "finishSum", "gradientGuard", "adam", "weightAverage"])
  }

  @Test("normalised weights are followed once per update, after Adam and as it left them")
  func powerIteration() throws {
    let network = NetworkState(name: "net", settings: Self.settings)
    let graph = Graph()
    let scope = Scope(
      graph: graph, parameters: network.parameters,
      weights: WeightOptions(initializer: .normal(), spectral: network.spectral))
    let x = try graph.read(testBlock(30), shape: [5, 6])
    let loss = try dense(x, units: 4, in: scope / "dense").squared.total
    try network.addUpdate(loss: loss, reports: [loss])
    let plan = Plan(name: "update", graph: graph, outputs: [])
    #expect(
      plan.unitDescriptions.map(\.name).suffix(5) == [
        "finishSum", "gradientGuard", "adam", "powerIteration", "weightAverage",
      ])
    try network.allocate(over: SoloCommunicator())
    network.parameters.initialize(seed: 1)
    network.startAverage()
    network.spectral.start(parameters: network.parameters.values, seed: 1)
    let program = Program(plan, arena: Arena(plans: [plan]), communicator: SoloCommunicator())
    let expected = network.spectral.makeBlock(name: "expected")
    expected.allocate()
    for _ in 0..<3 {
      _ = expected.values.update(fromContentsOf: network.spectral.values.values)
      network.prepareUpdate()
      try program.run()
      network.spectral.warmUp(expected, parameters: network.parameters.values, iterations: 1)
      #expect(Array(expected.values) == Array(network.spectral.values.values))
    }
  }

  @Test("a network whose weights are plain has no power iteration")
  func noPowerIteration() throws {
    let run = try Linear(reports: 1)
    #expect(!run.program.plan.unitDescriptions.contains { $0.name == "powerIteration" })
    #expect(run.network.spectral.isEmpty)
  }

  @Test("ranks update alike, by the sum of their gradients, and report the sum")
  func ranks() throws {
    let results = try InProcessCommunicator.run(ranks: 2) { communicator in
      let run = try Linear(reports: 2, communicator: communicator)
      // Rank 1's share of the loss has other inputs.
      for index in 0..<21 { run.x.values[index] *= Float(communicator.rank + 1) }
      run.network.prepareUpdate()
      try run.program.run()
      return Array(run.network.parameters.values.values) + Array(run.network.firstMoment.values)
        + [run.network.report(0), run.network.report(1)]
    }
    #expect(results[0] == results[1])
    let x = testBlock(21, seed: 3)
    for index in 0..<21 { #expect(results[0][37 + index] == 0.5 * (x.values[index] + 2 * x.values[index])) }
    #expect(results[0][37 + 32] == 0.5 * 6)
    #expect(Array(results[0].suffix(2)) == [2, 4])
  }

  @Test("a new run starts its average at the parameters")
  func initialization() throws {
    let run = try Linear(reports: 1)
    for index in run.network.parameters.values.values.indices {
      run.network.parameters.values.values[index] = 0
      run.network.average?.values[index] = 9
    }
    run.network.parameters.initialize(seed: 1)
    run.network.startAverage()
    #expect(Array(try #require(run.network.average).values) == Array(run.network.parameters.values.values))
  }
}
