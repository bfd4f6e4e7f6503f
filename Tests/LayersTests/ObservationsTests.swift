import Graphs
import Layers
import Tensors
import TestSupport
import Testing

@Suite struct ObservationsTests {
  @Test("entropy is 1 for uniform weights, 0 for a single token, log k / log S between")
  func entropy() throws {
    let layer = TestLayer()
    let uniform = try attentionEntropy(layer.graph.literal([Float](repeating: 0.125, count: 16), shape: [1, 2, 8]))
    let single = try attentionEntropy(layer.graph.literal([0, 1, 0, 0, 1, 0, 0, 0], shape: [2, 1, 4]))
    let half = try attentionEntropy(layer.graph.literal([0.5, 0.5, 0, 0], shape: [1, 1, 4]))
    let mixed = try attentionEntropy(layer.graph.literal([0.25, 0.25, 0.25, 0.25, 0, 0, 0, 1], shape: [1, 2, 4]))
    let outputs = try layer.run(uniform, single, half, mixed)
    for (found, expected) in zip(outputs, [1, 0, 0.5, 0.5] as [Float]) {
      #expect(abs(found[0] - expected) < 1e-6)
    }
  }

  @Test("entropy over one token is 0, not 0/0")
  func entropyOfOne() throws {
    let layer = TestLayer()
    #expect(try layer.run(attentionEntropy(layer.input([3, 1, 1])))[0] == [0])
  }

  @Test("variance ratio is 1 for the same tokens, c² for tokens scaled by c, 0 for equal tokens")
  func varianceRatio() throws {
    let layer = TestLayer()
    let x = try layer.input([3, 5, 4])
    let mean = try (x.sum(axes: [1]) * 0.2).broadcast(to: x.shape)
    let outputs = try layer.run(
      tokenVarianceRatio(before: x, after: x), tokenVarianceRatio(before: x, after: 0.1 * x + 3),
      tokenVarianceRatio(before: x, after: mean), tokenVarianceRatio(before: mean, after: mean))
    #expect(abs(outputs[0][0] - 1) < 1e-6)
    #expect(abs(outputs[1][0] - 0.01) < 1e-6)
    #expect(outputs[2][0] < 1e-12)
    #expect(outputs[3][0].isFinite)
  }

  @Test("the largest weight and the own weight are means over rows: 1 of the identity, 1/S of the mean")
  func weights() throws {
    let layer = TestLayer()
    let uniform = try layer.graph.literal([Float](repeating: 0.25, count: 32), shape: [2, 4, 4])
    let identity = try layer.graph.literal([1, 0, 0, 1, 0.5, 0.5, 0.25, 0.75], shape: [2, 2, 2])
    let outputs = try layer.run(
      largestWeight(uniform), ownWeight(uniform) { $0 }, largestWeight(identity), ownWeight(identity) { $0 },
      ownWeight(identity) { 1 - $0 })
    for (found, expected) in zip(outputs, [0.25, 0.25, 0.8125, 0.8125, 0.1875] as [Float]) {
      #expect(abs(found[0] - expected) < 1e-6)
    }
  }

  @Test("a place of an image has the 2×2 window that it lies in for its own key")
  func window() throws {
    // All attention on the first window of a 4×4 image: four of sixteen places lie there.
    let layer = TestLayer()
    let x = try layer.input([1, 4, 4, 8])
    _ = try nonLocalAttention(x, in: layer.scope / "attention")
    let map = try #require(layer.scope.observations.maps.first)
    #expect(map.weights.shape == [1, 16, 4] && map.positions?.height == 4 && map.positions?.width == 4)
    let first = try layer.graph.literal((0..<64).map { $0 % 4 == 0 ? 1 : 0 }, shape: [1, 16, 4])
    let own = try ownWeight(first) { $0 / 4 / 2 * 2 + $0 % 4 / 2 }
    #expect(try layer.run(own)[0] == [0.25])
  }

  @Test("what nobody watches is not built")
  func unwatched() throws {
    let counts = try [true, false].map { isWatched in
      let graph = Graph()
      let scope = Scope(graph: graph, parameters: ParameterTable(name: "net"), isWatched: isWatched)
      _ = try selfAttention(
        graph.constant(1, shape: [2, 4, 3]), options: AttentionOptions(.additive), in: scope / "attention")
      return (graph.nodes.count, scope.observations.all.count, scope.observations.maps.count)
    }
    #expect(counts[0].0 > counts[1].0 && counts[0].1 == 4 && counts[0].2 == 1)
    #expect(counts[1].1 == 0 && counts[1].2 == 0)
  }

  @Test("attention offers entropy, variance ratio and gate under its path")
  func names() throws {
    let layer = TestLayer()
    var options = AttentionOptions(.additive)
    _ = try selfAttention(layer.input([2, 4, 3]), options: options, in: layer.scope / "attention")
    #expect(
      layer.scope.observations.all.map(\.name)
        == ["entropy", "largestWeight", "ownWeight", "tokenVarianceRatio"].map { "net/attention/" + $0 })
    options.usesGate = true
    _ = try selfAttention(layer.input([2, 4, 3]), options: options, in: layer.scope / "gated")
    #expect(
      Set(layer.scope.observations.all.suffix(3).map(\.name))
        == ["net/gated/ownWeight", "net/gated/tokenVarianceRatio", "net/gated/gate"])
    #expect(layer.scope.observations.all.allSatisfy { $0.value.shape == .scalar })
  }

  /// Means of 50 draws of a skewed quantity, against those of 50 other draws.
  static let spread = 1.5

  /// Tokens, features, and the published ratios for no activation, sigmoid and softmax.
  static let initial: [(tokens: Int, features: Int, none: Double, sigmoid: Double, softmax: Double)] = [
    (16, 8, 3.8e-3, 1.9e-4, 1.6e-5), (128, 1, 5.0e-4, 3.1e-5, 3.1e-8), (8, 16, 8.8e-3, 4.1e-4, 1.6e-4),
    (32, 4, 1.6e-3, 9.0e-5, 1.6e-6), (256, 1, 4.5e-4, 3.3e-5, 6.9e-9),
  ]

  @Test("a new additive layer is the mean pool that was measured", arguments: initial.indices)
  func meanPool(index: Int) throws {
    let row = Self.initial[index]
    for (activation, published) in [(ScoreActivation.none, row.none), (.sigmoid, row.sigmoid), (.softmax, row.softmax)]
    {
      var ratios: [Double] = []
      for seed in 1...50 as ClosedRange<UInt64> {
        let layer = TestLayer()
        let x = try layer.graph.random(
          .normal, shape: [1, row.tokens, row.features], seed: seed, purpose: .evaluation, firstSample: 0,
          at: RunPosition())
        _ = try selfAttention(x, options: AttentionOptions(.additive, activation, units: 32), in: layer.scope)
        layer.parameters.values.allocate()
        layer.parameters.initialize(seed: seed)
        ratios.append(Double(try layer.run(layer.scope.observations.all[3].value)[0][0]))
      }
      let mean = ratios.reduce(0, +) / Double(ratios.count)
      #expect(mean < published * Self.spread && mean > published / Self.spread, "\(activation): \(mean)")
    }
  }
}
