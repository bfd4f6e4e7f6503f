import Graphs
import Layers
import Tensors
import TestSupport
import Testing

/// Options, additions and errors of self-attention that the reference does not have.
@Suite struct SelfAttentionTests {
  /// Rounding of float32 constants such as a regulariser's factor; the arithmetic is float64.
  static let tolerance = 1e-7

  @Test("a new layer has the package's parameters", arguments: [AttentionType.additive, .multiplicative])
  func parameters(type: AttentionType) throws {
    let layer = TestLayer()
    _ = try selfAttention(layer.input([2, 5, 3]), options: AttentionOptions(type, units: 7), in: layer.scope / "a")
    let entries = layer.parameters.entries
    switch type {
    case .additive:
      #expect(entries.map(\.name) == ["net/a/Wt", "net/a/Wx", "net/a/bh", "net/a/Wa", "net/a/ba"])
      #expect(entries.map(\.shape) == [[3, 7], [3, 7], [7], [7, 1], [1]])
      #expect(entries.map(\.initializer) == [.glorotNormal, .glorotNormal, .zeros, .glorotNormal, .zeros])
    default:
      #expect(entries.map(\.name) == ["net/a/Wa", "net/a/ba"])
      #expect(entries.map(\.shape) == [[3, 3], [1]])
      #expect(entries.map(\.initializer) == [.glorotNormal, .zeros])
    }
  }

  @Test("the defaults are the package's")
  func defaults() {
    let options = AttentionOptions()
    #expect(options.type == .additive && options.units == 32 && options.activation == .none)
    #expect(options.width == nil && !options.historyOnly && options.usesAdditiveBias && options.usesAttentionBias)
    #expect(options.attentionRegularizerWeight == 0 && options.kernelRegularizer == WeightRegularizer())
    #expect(!options.usesGate && !options.usesValueProjection)
  }

  @Test("dot-product attention has no parameters")
  func withoutParameters() throws {
    let layer = TestLayer()
    _ = try selfAttention(layer.input([2, 5, 3]), options: AttentionOptions(.scaledDotProduct), in: layer.scope)
    #expect(layer.parameters.entries.isEmpty)
  }

  @Test("a gate starts at zero: the layer is the identity, and only the gate learns", arguments: AttentionType.allCases)
  func closedGate(type: AttentionType) throws {
    let layer = TestLayer()
    var options = AttentionOptions(type, .sigmoid)
    options.usesGate = true
    let x = try layer.input([2, 5, 3])
    let attention = try selfAttention(x, options: options, in: layer.scope)
    let factors = try layer.input([2, 5, 3], seed: 9)
    let loss = try (attention.output * factors).total
    let found = try gradients(of: loss, withRespectTo: layer.everyParameter)
    let inner = try (matmul(attention.weights, x) * factors).total
    layer.parameters.values.allocate()
    layer.parameters.initialize(seed: 3)
    let outputs = try runProgram(layer.graph, [attention.output, x, inner] + found)
    #expect(outputs[0] == outputs[1])
    for (entry, gradient) in zip(layer.parameters.entries, outputs[3...]) {
      if entry.name == "net/gate" {
        // ∂/∂γ Σ factor · (x + γ·v) = Σ factor · v
        #expect(abs(gradient[0] - outputs[2][0]) < 1e-5 * abs(outputs[2][0]) && outputs[2][0] != 0)
      } else {
        #expect(gradient.allSatisfy { $0 == 0 }, "\(entry.name)")
      }
    }
  }

  @Test("an open gate adds γ times the attended tokens")
  func openGate() throws {
    let layer = TestLayer()
    var options = AttentionOptions(.additive)
    options.usesGate = true
    let x = try layer.input([2, 5, 3])
    let attention = try selfAttention(x, options: options, in: layer.scope)
    let expected = try x + 0.5 * matmul(attention.weights, x)
    layer.fill()
    layer.set("gate", [0.5])
    expectEqual(layer.numbers(attention.output), layer.numbers(expected), "output", 1e-12)
  }

  @Test("a value projection attends to x·W_v", arguments: AttentionType.allCases)
  func valueProjection(type: AttentionType) throws {
    let layer = TestLayer()
    var options = AttentionOptions(type)
    options.usesValueProjection = true
    let x = try layer.input([2, 5, 3])
    let attention = try selfAttention(x, options: options, in: layer.scope)
    let projection = try layer.parameter("value", layer.scope)
    let expected = try matmul(attention.weights, matmul(x, projection))
    layer.fill()
    expectEqual(layer.numbers(attention.output), layer.numbers(expected), "output", 1e-12)
    #expect(projection.shape == [3, 3])
  }

  @Test("kernel and bias regularisers are Keras's: l1·Σ|w| + l2·Σw², no half")
  func weightRegularizers() throws {
    let layer = TestLayer()
    var options = AttentionOptions(.additive)
    options.kernelRegularizer = WeightRegularizer(l1: 0.25, l2: 0.5)
    options.biasRegularizer = WeightRegularizer(l1: 2, l2: 4)
    options.usesValueProjection = true
    options.usesGate = true
    _ = try selfAttention(layer.input([2, 5, 3]), options: options, in: layer.scope)
    let terms = layer.scope.penalties.weightTerms
    let total = try terms.dropFirst().reduce(terms[0]) { try $0 + $1 }
    let parameters = try layer.everyParameter
    let found = try gradients(of: total, withRespectTo: parameters)
    layer.fill()
    var expected = 0.0
    for (entry, gradient) in zip(layer.parameters.entries, found) {
      let w = layer.parameters.slice(entry, of: layer.parameters.values).map(Double.init)
      let (l1, l2): (Double, Double)
      switch entry.name {
      case "net/Wt", "net/Wx", "net/Wa": (l1, l2) = (0.25, 0.5)
      case "net/bh", "net/ba": (l1, l2) = (2, 4)
      default: (l1, l2) = (0, 0)  // gate and value projection are not Keras's
      }
      expected += w.reduce(0) { $0 + l1 * abs($1) + l2 * $1 * $1 }
      let slopes = w.map { (l1 * ($0 > 0 ? 1 : -1)) + 2 * l2 * $0 }
      expectEqual(layer.numbers(gradient), slopes, entry.name, 1e-12)
    }
    #expect(abs(layer.numbers(total)[0] - expected) < 1e-12 * expected)
  }

  @Test("a regulariser without factors adds nothing")
  func noRegularizer() throws {
    let layer = TestLayer()
    _ = try selfAttention(layer.input([2, 5, 3]), options: AttentionOptions(.additive), in: layer.scope)
    #expect(layer.scope.penalties.weightTerms.isEmpty && layer.scope.penalties.sampleMeans.isEmpty)
    let weights = try layer.input([3])
    #expect(try WeightRegularizer().penalty(of: weights) == nil)
  }

  @Test("scores of one residual layer add to those of the next")
  func residualChain() throws {
    let layer = TestLayer()
    let x = try layer.input([2, 4, 3])
    let options = AttentionOptions(.residualScaledDotProduct)
    let first = try selfAttention(x, options: options, in: layer.scope / "1")
    let second = try selfAttention(
      first.output, previousScores: first.scores, options: options, in: layer.scope / "2")
    let own = try matmul(first.output, first.output, transposingRight: true) * (1 / Float(3).squareRoot())
    let expected = zip(layer.numbers(first.scores), layer.numbers(own)).map(+)
    expectEqual(layer.numbers(second.scores), expected, "scores", Self.tolerance)
    // Without scores from before, the layer is plain scaled dot-product attention.
    let plain = try selfAttention(x, options: AttentionOptions(.scaledDotProduct), in: layer.scope / "3")
    #expect(plain.output == first.output)
  }

  @Test("a window as wide as the sequence, or wider, hides nothing", arguments: [9, 10, 1_000_000])
  func wideWindow(width: Int) throws {
    let layer = TestLayer()
    let x = try layer.input([2, 5, 3])
    var options = AttentionOptions(.additive)
    let all = try selfAttention(x, options: options, in: layer.scope)
    options.width = width
    let windowed = try selfAttention(x, options: options, in: layer.scope)
    layer.fill()
    #expect(layer.numbers(all.output) == layer.numbers(windowed.output))
  }

  @Test("input without tokens is refused by name and with advice", arguments: AttentionType.allCases)
  func rank(type: AttentionType) throws {
    let layer = TestLayer()
    let x = try layer.input([2, 128])
    let message =
      "net/attention: attention needs tokens, [N, T, F]; this input is [2, 128]: reshape it to tokens first"
    let found = #expect(throws: GraphError.self) {
      try selfAttention(x, options: AttentionOptions(type), in: layer.scope / "attention")
    }
    #expect(found?.description == message)
    let pooled = #expect(throws: GraphError.self) { try weightedAttention(x, in: layer.scope / "attention") }
    #expect(pooled?.description == message)
  }

  @Test("a mask of another length is refused", arguments: AttentionType.allCases)
  func mask(type: AttentionType) throws {
    let layer = TestLayer()
    let x = try layer.input([2, 5, 3])
    for shape in [[2, 4], [5], [2, 5, 1]] as [Shape] {
      let mask = try layer.graph.constant(1, shape: shape)
      let found = #expect(throws: GraphError.self) {
        try selfAttention(x, mask: mask, options: AttentionOptions(type), in: layer.scope / "attention")
      }
      #expect(
        found?.description
          == "net/attention: the mask of an input [2, 5, 3] has a number per token, [2, 5]; this one is \(shape)")
    }
  }
}
