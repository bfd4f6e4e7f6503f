import Foundation
import Graphs
import Tensors
import TestSupport
import Testing

@testable import Layers

/// SAGAN's attention against slow loops in float64.
@Suite struct NonLocalAttentionTests {
  private let layer = TestLayer()

  @Test("y = x + γ·W_o·softmax(Q·pool(K)ᵀ)·pool(V), without scale and biases", arguments: [6, 40])
  func formula(channels: Int) throws {
    let shape: Shape = [2, 4, 2, channels]
    let block = testBlock(shape.count, seed: 5)
    let y = try nonLocalAttention(layer.graph.read(block, shape: shape), in: layer.scope / "attention")
    layer.fill(scale: 0.5)
    let x = SlowImages(shape, withExtendedLifetime(block) { block.values.map(Double.init) })
    func kernel(_ name: String) -> SlowImages {
      let entry = layer.parameters.entries.first { $0.name == "net/attention/" + name + "/kernel" }!
      return SlowImages(entry.shape, layer.parameters.slice(entry, of: layer.parameters.values).map(Double.init))
    }
    let (q, k) = (x.convolved(kernel("query")), x.convolved(kernel("key")).squares { $0.max()! })
    let v = x.convolved(kernel("value")).squares { $0.max()! }
    #expect(q.shape.last == (channels == 40 ? 5 : 4) && v.shape.last == channels / 2)
    let attended = SlowImages([2, 4, 2, channels / 2]) { n, i, j, c in
      var (total, sum) = (0.0, 0.0)
      for a in 0..<2 {
        let score = (0..<q.shape.last).reduce(0) { $0 + q[n, i, j, $1] * k[n, a, 0, $1] }
        total += exp(score)
        sum += exp(score) * v[n, a, 0, c]
      }
      return sum / total
    }
    let gate = try layer.run(layer.parameter("gate", layer.scope / "attention"))[0][0]
    let output = attended.convolved(kernel("output"))
    let expected = zip(x.numbers, output.numbers).map { $0 + Double(gate) * $1 }
    // Float32 rounding of four products and a softmax.
    #expect(relativeDifference(try layer.run(y)[0], expected) < 3e-6)
  }

  @Test("with the gate at its start of 0 the block is the identity, and only the gate has a gradient")
  func start() throws {
    let x = try layer.input([2, 4, 4, 8])
    let y = try nonLocalAttention(x, in: layer.scope / "attention")
    let loss = try (y * layer.input(y.shape, seed: 2)).total
    let slopes = try gradients(of: loss, withRespectTo: layer.everyParameter)
    let names = layer.parameters.entries.map(\.name)
    layer.parameters.values.allocate()
    layer.parameters.initialize(seed: 1)
    let found = try runProgram(layer.graph, [x, y] + slopes)
    #expect(found[0] == found[1])
    for (name, slope) in zip(names, found.dropFirst(2)) {
      #expect(slope.contains { $0 != 0 } == name.hasSuffix("/gate"), "\(name)")
    }
  }

  @Test("entropy and gate are offered for watching, and parameters are named by their role")
  func names() throws {
    _ = try nonLocalAttention(layer.input([1, 2, 2, 8]), in: layer.scope / "attention")
    #expect(
      layer.scope.observations.all.map(\.name)
        == ["entropy", "largestWeight", "ownWeight", "gate", "tokenVarianceRatio"].map { "net/attention/" + $0 })
    #expect(
      layer.parameters.entries.map(\.name)
        == ["query/kernel", "key/kernel", "value/kernel", "gate", "output/kernel"].map { "net/attention/" + $0 })
  }

  @Test("all four weights are normalised where the network normalises")
  func spectral() throws {
    let vectors = SpectralVectors(name: "net")
    let scope = Scope(
      graph: layer.graph, parameters: layer.parameters, weights: WeightOptions(spectral: vectors))
    _ = try nonLocalAttention(layer.input([1, 2, 2, 8]), in: scope / "attention")
    #expect(vectors.matrices.all.map { [$0.rows, $0.columns] } == [[8, 4], [8, 4], [8, 4], [4, 8]])
  }

  @Test("tokens are refused by name, and so are images of odd size")
  func misfits() throws {
    let tokens = #expect(throws: GraphError.self) {
      try nonLocalAttention(layer.input([2, 3, 4]), in: layer.scope / "attention")
    }
    #expect(
      tokens?.description == "net/attention: attention needs images, [N, H, W, C]; this input is [2, 3, 4]")
    #expect(throws: GraphError.self) {
      try nonLocalAttention(layer.input([2, 3, 4, 4]), in: layer.scope / "attention")
    }
  }
}
