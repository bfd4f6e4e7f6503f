import Graphs
import Layers
import Tensors
import TestSupport
import Testing

@Suite struct DotProductAttentionTests {
  @Test("query, key and value of different lengths and widths fit together")
  func shapes() throws {
    let layer = TestLayer()
    let (q, k, v) = try (layer.input([2, 3, 4]), layer.input([2, 5, 4], seed: 2), layer.input([2, 5, 7], seed: 3))
    let attention = try scaledDotProductAttention(query: q, key: k, value: v)
    #expect(attention.output.shape == [2, 3, 7])
    #expect(attention.weights.shape == [2, 3, 5])
    #expect(attention.scores.shape == [2, 3, 5])
  }

  @Test("a masked key weighs exactly nothing for every query; scores stay those before masks")
  func keyMask() throws {
    let layer = TestLayer()
    let x = try layer.input([2, 4, 3])
    let mask = try layer.graph.literal([1, 0, 1, 1, 0, 1, 1, 1], shape: [2, 4])
    let masked = try scaledDotProductAttention(query: x, key: x, value: x, keyMask: mask)
    let plain = try scaledDotProductAttention(query: x, key: x, value: x)
    #expect(masked.scores == plain.scores)
    let weights = try layer.run(masked.weights)[0]
    for query in 0..<4 {
      #expect(weights[query * 4 + 1] == 0)
      #expect(weights[16 + query * 4] == 0)
    }
  }

  @Test("operands without tokens are refused by name")
  func rank() throws {
    let layer = TestLayer()
    let (x, flat) = try (layer.input([2, 4, 3]), layer.input([2, 3]))
    for (q, k, v) in [(flat, x, x), (x, flat, x), (x, x, flat)] {
      let found = #expect(throws: GraphError.self) {
        try layer.graph.inLayer("net/a") { try scaledDotProductAttention(query: q, key: k, value: v) }
      }
      #expect(found?.description.hasPrefix("net/a: attention needs tokens, [N, T, F]; query [") == true)
    }
  }

  @Test("pooling makes one vector of a sequence, with the package's parameters")
  func pooled() throws {
    let layer = TestLayer()
    let pooled = try weightedAttention(layer.input([2, 5, 3]), in: layer.scope / "pool")
    #expect(pooled.output.shape == [2, 3] && pooled.weights.shape == [2, 5])
    #expect(layer.parameters.entries.map(\.name) == ["net/pool/W", "net/pool/b"])
    #expect(layer.parameters.entries.map(\.shape) == [[3, 1], [1]])
    #expect(layer.parameters.entries.map(\.initializer) == [.uniform(low: -0.05, high: 0.05), .zeros])
  }

  @Test("a masked token is not pooled, and the bias of pooling has a gradient of exactly zero")
  func pooledGradients() throws {
    let layer = TestLayer()
    let x = try layer.input([2, 4, 3])
    let mask = try layer.graph.literal([1, 1, 1, 0, 1, 0, 1, 1], shape: [2, 4])
    let pooled = try weightedAttention(x, mask: mask, in: layer.scope)
    let loss = try (pooled.output * layer.input([2, 3], seed: 5)).total
    let parameters = try layer.everyParameter
    let found = try gradients(of: loss, withRespectTo: parameters)
    let error = try { () throws -> Double in
      layer.fill()
      return try gradientError(loss, withRespectTo: [parameters[0], x])
    }()
    #expect(error < 1e-6)
    let outputs = try runProgram(layer.graph, [pooled.weights] + found)
    #expect(outputs[0][3] == 0 && outputs[0][5] == 0)
    #expect(outputs[1].allSatisfy { $0 != 0 })
    #expect(outputs[2] == [0])
  }
}
