import Communication
import Graphs
import Layers
import Programs
import Tensors
import TestSupport
import Testing

@testable import Optimization

/// Updates of a whole network against the loops of the paper, in float64.
@Suite struct AdamTests {
  /// Float32 rounding of parameters and moments over thirty updates, relative to the parameters' sizes near 1.
  static let tolerance = 2e-6

  /// Adam as Kingma and Ba write it (algorithm 1), with the decay of Loshchilov and Hutter (algorithm 2, line 12).
  private struct SlowAdam {
    let settings: OptimizerSettings
    var parameters: [Double]
    var average: [Double]
    private var m: [Double]
    private var v: [Double]
    private var t = 0

    init(_ settings: OptimizerSettings, parameters: [Double]) {
      self.settings = settings
      self.parameters = parameters
      average = parameters
      m = parameters.map { _ in 0 }
      v = m
    }

    mutating func update(gradient: [Double], factor: Double) {
      let rate = settings.learningRate * factor
      let averageDecay = min(settings.averageDecay ?? 0, Double(1 + t) / Double(10 + t))
      t += 1
      var (power1, power2) = (1.0, 1.0)
      for _ in 0..<t {
        power1 *= settings.beta1
        power2 *= settings.beta2
      }
      for i in parameters.indices {
        m[i] = settings.beta1 * m[i] + (1 - settings.beta1) * gradient[i]
        v[i] = settings.beta2 * v[i] + (1 - settings.beta2) * gradient[i] * gradient[i]
        let step = (m[i] / (1 - power1)) / ((v[i] / (1 - power2)).squareRoot() + settings.epsilon)
        parameters[i] = parameters[i] - rate * settings.weightDecay * parameters[i] - rate * step
        average[i] = averageDecay * average[i] + (1 - averageDecay) * parameters[i]
      }
    }
  }

  static let settings = [
    OptimizerSettings(learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8),
    OptimizerSettings(learningRate: 0.02, beta1: 0.5, beta2: 0.9, epsilon: 1e-3, weightDecay: 0.3),
    OptimizerSettings(learningRate: 0.01, beta1: 0, beta2: 0.99, epsilon: 1e-7, weightDecay: 1, averageDecay: 0.6),
  ]

  /// A network of two tensors whose loss is Σ ½ (p − target)² · weight: the gradient is known at every step.
  private struct Quadratic {
    static let shapes: [Shape] = [[5, 7], [3]]
    let network: NetworkState
    let program: Program
    let targets: [StateBlock]
    let weights: [StateBlock]

    init(_ settings: OptimizerSettings) throws {
      network = NetworkState(name: "net", settings: settings)
      let graph = Graph()
      let scope = Scope(graph: graph, parameters: network.parameters)
      targets = Self.shapes.indices.map { testBlock(Self.shapes[$0].count, seed: UInt64($0 + 20)) }
      weights = Self.shapes.indices.map { testBlock(Self.shapes[$0].count, seed: UInt64($0 + 30)) }
      var loss = try graph.constant(0)
      for (index, shape) in Self.shapes.enumerated() {
        let p = try scope.parameter("p\(index)", shape, .uniform(low: -1, high: 1))
        let distance = try p - graph.read(targets[index], shape: shape)
        loss = try loss + (0.5 * distance.squared * graph.read(weights[index], shape: shape)).total
      }
      try network.addUpdate(loss: loss, reports: [loss])
      let plan = Plan(name: "update", graph: graph, outputs: [])
      try network.allocate(over: SoloCommunicator())
      network.parameters.initialize(seed: 1)
      network.startAverage()
      program = Program(plan, arena: Arena(plans: [plan]), communicator: SoloCommunicator())
    }

    func tensor(_ index: Int, of block: StateBlock) -> [Double] {
      network.parameters.slice(network.parameters.entries[index], of: block).map(Double.init)
    }

    func gradient(_ index: Int, at parameters: [Double]) -> [Double] {
      parameters.indices.map { i in
        Double(weights[index].values[i]) * (parameters[i] - Double(targets[index].values[i]))
      }
    }
  }

  @Test("thirty updates equal the slow loop, with bias correction, epsilon, decay and average", arguments: settings)
  func updates(settings: OptimizerSettings) throws {
    let run = try Quadratic(settings)
    var slow = Quadratic.shapes.indices.map {
      SlowAdam(settings, parameters: run.tensor($0, of: run.network.parameters.values))
    }
    for step in 0..<30 {
      let factor = step < 15 ? 1 : 0.25
      run.network.prepareUpdate(learningRateFactor: factor)
      try run.program.run()
      run.network.finishUpdate()
      for index in slow.indices {
        slow[index].update(gradient: run.gradient(index, at: slow[index].parameters), factor: factor)
        let found = run.tensor(index, of: run.network.parameters.values).map { Float($0) }
        #expect(relativeDifference(found, slow[index].parameters) < Self.tolerance, "step \(step), tensor \(index)")
        guard let average = run.network.average else { continue }
        let averaged = run.tensor(index, of: average).map { Float($0) }
        #expect(relativeDifference(averaged, slow[index].average) < Self.tolerance, "step \(step), average \(index)")
      }
    }
    #expect(run.network.updateCount == 30)
  }

  @Test("the average's decay grows from 1/10 to the given one")
  func averageSchedule() {
    let settings = OptimizerSettings(learningRate: 1, beta1: 0, beta2: 0, epsilon: 1, averageDecay: 0.999)
    #expect(settings.averageDecay(atUpdate: 0) == 0.1)
    #expect(settings.averageDecay(atUpdate: 1) == 2.0 / 11)
    #expect(settings.averageDecay(atUpdate: 90) == 0.91)
    // (1 + t) / (10 + t) reaches 0.999 at t = 8,990.
    #expect(settings.averageDecay(atUpdate: 8_989) < 0.999)
    #expect(settings.averageDecay(atUpdate: 8_990) == 0.999)
    #expect(settings.averageDecay(atUpdate: 1_000_000) == 0.999)
    var none = settings
    none.averageDecay = nil
    #expect(none.averageDecay(atUpdate: 5) == 0)
  }
}
