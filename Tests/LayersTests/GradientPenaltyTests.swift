import Graphs
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// Exact second-order gradients through a whole, small discriminator: what R1 and gradient penalties need.
@Suite struct GradientPenaltyTests {
  /// Central differences with step 1e-5 err by 1e-10 · third derivative; 1e-5 leaves room for curvature.
  static let tolerance = 1e-5

  struct Discriminator {
    let networks: DenseAttentionTests.Networks
    let images: Value
    let logits: Value
    let parameters: [Value]

    init(_ type: AttentionType, _ activation: ScoreActivation) throws {
      var attention = AttentionOptions(type, activation, units: 3)
      attention.usesGate = true
      attention.attentionRegularizerWeight = 0.1
      attention.kernelRegularizer = WeightRegularizer(l2: 0.01)
      let tower = DenseTower(
        hiddenBefore: [8], hiddenAfter: [5], tokens: 4, activation: .tanh, attention: attention)
      let model = DenseAttention(
        imageShape: [2, 3, 1], noiseSize: 2, conditionSize: 2, generator: tower, discriminator: tower)
      networks = try DenseAttentionTests.Networks(model, batch: 3)
      let graph = networks.graph
      images = try graph.read(testBlock(18, seed: 21), shape: [3, 2, 3, 1])
      logits = try model.judge(
        features: model.features(of: images, in: networks.discriminator), condition: networks.condition,
        in: networks.discriminator)
      let table = networks.discriminator.parameters
      parameters = try table.entries.map { try graph.read(table.values, at: $0.offset, shape: $0.shape) }
    }

    /// γ/2 · mean over samples of ‖∇ₓ Σ logits‖²
    func r1(weight: Float) throws -> Value {
      let slope = try gradients(of: logits.total, withRespectTo: [images])[0]
      return try slope.squared.total * (weight / 2 / 3)
    }

    /// mean over samples of (‖∇ₓ Σ logits‖ − 1)²
    func gradientPenalty() throws -> Value {
      let slope = try gradients(of: logits.total, withRespectTo: [images])[0].flattened
      let norm = try squareRoot(slope.squared.sum(axes: [1]) + 1e-12)
      return try (norm - 1).squared.total * (1 / 3)
    }

    /// Numbers without pattern in every parameter, gate included: at 0 it would hide attention.
    func fill() {
      for table in [networks.generator.parameters, networks.discriminator.parameters] {
        table.values.allocate()
        let numbers = testBlock(table.values.count, seed: 5, scale: 0.9)
        for index in 0..<table.values.count { table.values.values[index] = numbers.values[index] }
      }
    }
  }

  static let choices: [(AttentionType, ScoreActivation)] = [
    (.additive, .sigmoid), (.additive, .softmax), (.additive, .none), (.multiplicative, .tanh),
    (.scaledDotProduct, .none),
  ]

  @Test("gradients of R1 with respect to all parameters equal central differences", arguments: choices)
  func r1(type: AttentionType, activation: ScoreActivation) throws {
    let network = try Discriminator(type, activation)
    let loss = try softplus(-network.logits).total + network.r1(weight: 10)
    try check(loss, network)
  }

  @Test("gradients of a gradient penalty with respect to all parameters equal central differences", arguments: choices)
  func gradientPenalty(type: AttentionType, activation: ScoreActivation) throws {
    let network = try Discriminator(type, activation)
    try check(network.gradientPenalty(), network)
  }

  private func check(_ loss: Value, _ network: Discriminator) throws {
    let found = try gradients(of: loss, withRespectTo: network.parameters)
    network.fill()
    #expect(try gradientError(loss, withRespectTo: network.parameters) < Self.tolerance)
    let graph = network.networks.graph
    for (gradient, result) in zip(found, try runProgram(graph, found)) {
      let expected = ReferenceEvaluator(graph).evaluate(gradient)
      let scale = max(0.01, expected.map(abs).max() ?? 0)
      // Float32 rounding through two passes backward.
      expectEqual(result.map(Double.init), expected, "node \(gradient.index)", 2e-5 * scale)
    }
  }

  @Test("a score bias that cancels has a gradient of exactly zero in penalties too")
  func cancellingBias() throws {
    let network = try Discriminator(.additive, .softmax)
    let loss = try network.r1(weight: 10)
    let index = try #require(
      network.networks.discriminator.parameters.entries.firstIndex { $0.name == "discriminator/attention/ba" })
    let gradient = try gradients(of: loss, withRespectTo: [network.parameters[index]])[0]
    network.fill()
    #expect(try runProgram(network.networks.graph, [gradient]) == [[0]])
  }
}
