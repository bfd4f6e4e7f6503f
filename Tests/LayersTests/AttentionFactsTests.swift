import Graphs
import Layers
import Tensors
import TestSupport
import Testing

/// What the mathematics says about these layers, whatever the numbers.
@Suite struct AttentionFactsTests {
  /// Float32 rounding of a softmax over a few dozen columns.
  static let single: Float = 1e-6

  static let weighted = [AttentionType.additive, .multiplicative]

  /// A sum that weighs every output differently, so that no gradient cancels.
  private func loss(_ attention: Attention, _ layer: TestLayer) throws -> Value {
    try (attention.output * layer.input(attention.output.shape, seed: 9)).total
  }

  private func scoreBiasGradient(_ options: AttentionOptions) throws -> [[Float]] {
    let layer = TestLayer()
    let attention = try selfAttention(layer.input([3, 5, 4]), options: options, in: layer.scope)
    let bias = try layer.parameter("ba", layer.scope)
    let penalized = try loss(attention, layer) + (layer.scope.penalties.sampleMeans.first ?? layer.graph.constant(0))
    let gradient = try gradients(of: penalized, withRespectTo: [bias])[0]
    layer.fill()
    #expect(layer.numbers(gradient).map(Float.init) == [0] || options.activation != .none)
    return try layer.run(gradient)
  }

  @Test("a score bias before softmax has a gradient of exactly zero", arguments: weighted)
  func zeroBiasGradient(type: AttentionType) throws {
    for activation in [ScoreActivation.none, .linear, .softmax] {
      var options = AttentionOptions(type, activation)
      #expect(try scoreBiasGradient(options) == [[0]], "\(activation)")
      options.width = 3
      options.attentionRegularizerWeight = 0.3
      #expect(try scoreBiasGradient(options) == [[0]], "\(activation), window and regulariser")
    }
  }

  @Test("a score bias before a curved activation has a gradient", arguments: weighted)
  func biasGradient(type: AttentionType) throws {
    for activation in [ScoreActivation.sigmoid, .tanh, .relu, .exponential, .softplus, .elu, .softsign] {
      #expect(try abs(scoreBiasGradient(AttentionOptions(type, activation))[0][0]) > 1e-4, "\(activation)")
    }
  }

  @Test("over one token attention is the identity and trains nothing", arguments: AttentionType.allCases)
  func oneToken(type: AttentionType) throws {
    for activation in ScoreActivation.allCases {
      let layer = TestLayer()
      let x = try layer.input([3, 1, 4])
      let attention = try selfAttention(x, options: AttentionOptions(type, activation), in: layer.scope)
      let parameters = try layer.everyParameter
      let found = try gradients(of: loss(attention, layer), withRespectTo: parameters + [x])
      layer.fill()
      let outputs = try runProgram(layer.graph, [attention.weights, attention.output, x] + found)
      #expect(outputs[0] == [1, 1, 1])
      #expect(outputs[1] == outputs[2])
      for gradient in outputs[3...].dropLast() { #expect(gradient.allSatisfy { $0 == 0 }, "\(activation)") }
      #expect(outputs.last!.allSatisfy { $0 != 0 })
    }
  }

  /// Weights of attention with strong scores, `[N, T, T]`.
  private func weights(_ options: AttentionOptions, tokens: Int, scale: Double) throws -> [Float] {
    let layer = TestLayer()
    let attention = try selfAttention(layer.input([4, tokens, 6]), options: options, in: layer.scope)
    layer.fill(scale: scale)
    return try layer.run(attention.weights)[0]
  }

  @Test("rows of weights are distributions", arguments: AttentionType.allCases)
  func rowsSumToOne(type: AttentionType) throws {
    var options = AttentionOptions(type)
    options.historyOnly = true
    let a = try weights(options, tokens: 7, scale: 3)
    for row in stride(from: 0, to: a.count, by: 7) {
      #expect(abs(a[row..<row + 7].reduce(0, +) - 1) < Self.single)
      #expect(a[row..<row + 7].allSatisfy { $0 >= 0 })
      // What a query may not see weighs exactly nothing.
      #expect(a[row..<row + 7].suffix(6 - row / 7 % 7).allSatisfy { $0 == 0 })
    }
  }

  @Test("bounded activations bound the weights", arguments: weighted, [8, 16, 32, 128])
  func boundedWeights(type: AttentionType, tokens: Int) throws {
    let e: Float = 2.718281828
    for (activation, ratio) in [(ScoreActivation.sigmoid, e), (.softmax, e), (.hardSigmoid, e), (.tanh, e * e)] {
      let a = try weights(AttentionOptions(type, activation), tokens: tokens, scale: 40)
      let bound = ratio / (ratio + Float(tokens) - 1)
      #expect(a.allSatisfy { $0 <= bound * (1 + Self.single) })
      for row in stride(from: 0, to: a.count, by: tokens) {
        let row = a[row..<row + tokens]
        #expect(row.max()! / row.min()! <= ratio * (1 + Self.single), "\(activation)")
      }
    }
    #expect(try weights(AttentionOptions(type), tokens: tokens, scale: 40).max()! > 0.999)
  }

  @Test(
    "the bound e/(e + L − 1) is reached",
    arguments: [(8, 0.2797), (16, 0.1534), (32, 0.0806), (128, 0.02096), (256, 0.01055)])
  func reachedBound(tokens: Int, published: Float) throws {
    let attention = try diagonal(tokens: tokens)
    let largest = try attention.layer.run(attention.value.weights)[0].max()!
    let bound = Float(2.718281828 / (2.718281828 + Double(tokens) - 1))
    #expect(abs(largest - bound) <= Self.single * bound)
    #expect(abs(largest - published) <= 0.0005 * published + 0.00005)
  }

  @Test(
    "the sharpest sigmoid pattern keeps ((e − 1)/(e + L − 1))² of the token variance",
    arguments: [(16, 9.4e-3), (128, 1.75e-4)])
  func keptVariance(tokens: Int, published: Double) throws {
    let attention = try diagonal(tokens: tokens)
    let ratio = try tokenVarianceRatio(before: attention.x, after: attention.value.output)
    let found = attention.layer.numbers(ratio)[0]
    let expected = 1.718281828 / (1.718281828 + Double(tokens))
    #expect(abs(found - expected * expected) < 1e-6 * expected * expected)
    #expect(abs(found - published) < 0.006 * published)
  }

  /// Sigmoid attention of one-hot tokens in which every query finds itself (score 1) and nobody else (score 0).
  private func diagonal(tokens: Int) throws -> (layer: TestLayer, x: Value, value: Attention) {
    let layer = TestLayer()
    let identity = (0..<tokens * tokens).map { Float($0 % (tokens + 1) == 0 ? 1 : 0) }
    let x = try layer.graph.literal(identity, shape: [1, tokens, tokens])
    let attention = try selfAttention(x, options: AttentionOptions(.multiplicative, .sigmoid), in: layer.scope)
    layer.fill()
    layer.set("Wa", identity.map { 100 * $0 })
    layer.set("ba", [-50])
    return (layer, x, attention)
  }

  @Test("outputs lie in the convex hull of the tokens", arguments: AttentionType.allCases)
  func convexHull(type: AttentionType) throws {
    let layer = TestLayer()
    let x = try layer.input([2, 6, 3])
    let attention = try selfAttention(x, options: AttentionOptions(type), in: layer.scope)
    // A point of the hull lies below the hull's extreme in every direction.
    let directions = try layer.input([3, 50], seed: 31)
    let before = try matmul(x, directions).maximum(axes: [1])
    let after = try matmul(attention.output, directions)
    layer.fill(scale: 3)
    let margins = try layer.run(before - after)[0]
    #expect(margins.allSatisfy { $0 >= -Self.single })
    #expect(margins.contains { $0 > 0.1 })
  }

  @Test("uniform attention costs ρ·(L − 1) per sample", arguments: [4, 16, 33])
  func uniformPenalty(tokens: Int) throws {
    let layer = TestLayer()
    var options = AttentionOptions(.additive)
    options.attentionRegularizerWeight = 0.25
    let x = try layer.input([3, tokens, 4])
    _ = try selfAttention(x, options: options, in: layer.scope)
    let penalty = try #require(layer.scope.penalties.sampleMeans.first)
    layer.fill()
    layer.set("Wa", [0, 0, 0, 0])
    let expected = 0.25 * Double(tokens - 1)
    // The factor ρ/3 is a float32 number in the graph.
    #expect(abs(layer.numbers(penalty)[0] - expected) < 1e-7 * expected)
    #expect(abs(Double(try layer.run(penalty)[0][0]) - expected) < 1e-6 * expected)
  }
}
