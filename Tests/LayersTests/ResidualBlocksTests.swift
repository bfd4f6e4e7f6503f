import Graphs
import Tensors
import TestSupport
import Testing

@testable import Layers

/// Blocks of SAGAN against slow loops in float64.
@Suite struct ResidualBlocksTests {
  /// Float32 rounding of two convolutions over a few dozen terms and two norms.
  static let tolerance = 1e-5
  private let layer = TestLayer()

  private func images(_ shape: Shape) throws -> (value: Value, images: SlowImages) {
    let block = testBlock(shape.count, seed: 5)
    return (
      try layer.graph.read(block, shape: shape),
      SlowImages(shape, withExtendedLifetime(block) { block.values.map(Double.init) })
    )
  }

  private func parameter(_ name: String) -> SlowImages {
    let entry = layer.parameters.entries.first { $0.name == "net/block/" + name }!
    return SlowImages(entry.shape, layer.parameters.slice(entry, of: layer.parameters.values).map(Double.init))
  }

  private func convolution(_ x: SlowImages, _ name: String) -> SlowImages {
    x.convolved(parameter(name + "/kernel")).adding(channels: parameter(name + "/bias").numbers)
  }

  private func check(_ y: Value, _ expected: SlowImages) throws {
    #expect(y.shape == expected.shape)
    #expect(relativeDifference(try layer.run(y)[0], expected.numbers) < Self.tolerance)
  }

  @Test("a generator block is conv3(relu(cBN(conv3(up(relu(cBN x)))))) + up(conv1 x)", arguments: [3, 5])
  func generator(outputChannels: Int) throws {
    let (x, slow) = try images([2, 2, 3, 5])
    let condition = try layer.graph.literal([0, 1, 1, 0], shape: [2, 2])
    let y = try generatorBlock(x, outputChannels: outputChannels, condition: condition, in: layer.scope / "block")
    layer.fill()
    func norm(_ x: SlowImages, _ name: String) -> SlowImages {
      x.standardized.scaled(parameter(name + "/gain"), adding: parameter(name + "/bias"), rows: [1, 0])
    }
    let h = convolution(norm(slow, "norm1").rectified.upsampled, "conv1")
    try check(y, convolution(norm(h, "norm2").rectified, "conv2") + convolution(slow, "skip").upsampled)
  }

  @Test("a discriminator's first block is pool(conv3(relu(conv3 x))) + conv1(pool x)")
  func firstDiscriminator() throws {
    let (x, slow) = try images([2, 4, 6, 1])
    let y = try discriminatorBlock(x, outputChannels: 3, isFirst: true, pools: true, in: layer.scope / "block")
    layer.fill()
    let h = convolution(convolution(slow, "conv1").rectified, "conv2").pooled
    try check(y, h + convolution(slow.pooled, "skip"))
  }

  @Test("later blocks begin with ReLU; the skip sees what came in", arguments: [(3, true), (5, true), (3, false)])
  func laterDiscriminator(outputChannels: Int, pools: Bool) throws {
    let (x, slow) = try images([2, 4, 4, 5])
    let y = try discriminatorBlock(
      x, outputChannels: outputChannels, isFirst: false, pools: pools, in: layer.scope / "block")
    layer.fill()
    var h = convolution(convolution(slow.rectified, "conv1").rectified, "conv2")
    if pools { h = h.pooled }
    try check(y, h + convolution(pools ? slow.pooled : slow, "skip"))
  }

  @Test("without pooling, equal channels pass by unchanged")
  func identitySkip() throws {
    let (x, slow) = try images([2, 3, 3, 4])
    let y = try discriminatorBlock(x, outputChannels: 4, isFirst: false, pools: false, in: layer.scope / "block")
    layer.fill()
    #expect(!layer.parameters.entries.contains { $0.name.contains("skip") })
    try check(y, convolution(convolution(slow.rectified, "conv1").rectified, "conv2") + slow)
  }

  @Test("biases that a norm takes out again have a gradient of exactly zero, all others have one")
  func biases() throws {
    for (norm, precedesNorm) in [
      (NormKind.conditionalBatch, false), (.batch, true), (.instance, false), (.layer, true), (.none, true),
    ] {
      let layer = TestLayer()
      let x = try layer.input([2, 2, 4, 3])
      let condition = try layer.input([2, 2], seed: 3)
      let y = try generatorBlock(
        x, outputChannels: 4, condition: condition, norm: norm, precedesNorm: precedesNorm, in: layer.scope / "block")
      let loss = try (y * layer.input(y.shape, seed: 9)).total
      let found = try gradients(of: loss, withRespectTo: layer.everyParameter)
      let entries = layer.parameters.entries
      layer.fill()
      for (entry, gradient) in zip(entries, found) {
        let isGone =
          norm.removesBiases
          && (entry.name.hasSuffix("conv1/bias")
            || precedesNorm && (entry.name.hasSuffix("conv2/bias") || entry.name.hasSuffix("skip/bias")))
        #expect(try runProgram(layer.graph, [gradient])[0].allSatisfy { $0 == 0 } == isGone, "\(norm) \(entry.name)")
      }
    }
  }

  @Test("a conditional norm without a condition is refused by name")
  func missingCondition() throws {
    let x = try layer.input([2, 2, 2, 3])
    let found = #expect(throws: GraphError.self) {
      try generatorBlock(x, outputChannels: 3, in: layer.scope / "block")
    }
    #expect(found?.description.hasPrefix("net/block/norm1: a conditional norm needs a condition") == true)
  }

  @Test("blocks of the digits recipe have the parameters that it counts")
  func parameterCount() throws {
    let x = try layer.input([1, 4, 4, 32])
    let condition = try layer.input([1, 10])
    let h = try generatorBlock(x, outputChannels: 32, condition: condition, in: layer.scope / "1")
    _ = try generatorBlock(h, outputChannels: 16, condition: condition, in: layer.scope / "2")
    #expect(layer.parameters.parameterCount == 20_832 + 8_432)
    _ = try nonLocalAttention(h, in: layer.scope / "attention")
    #expect(layer.parameters.parameterCount == 20_832 + 8_432 + 1_281)
  }
}
