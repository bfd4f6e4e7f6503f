import Graphs
import Kernels
import Tensors
import TestSupport
import Testing

/// Resampling folded into convolutions against the same by tensors of its own.
@Suite struct FoldingTests {
  /// Float32 by Winograd's method against float64: a few times its error.
  static let tolerance = 2e-5

  private let graph = Graph()

  private func read(_ shape: Shape, seed: UInt64) throws -> Value {
    try graph.read(testBlock(shape.count, seed: seed), shape: shape)
  }

  /// Values and gradients of the folded form, run as a program, equal those of the plain one in float64.
  private func expectEqual(_ folded: Value, _ plain: Value, gradientsFor inputs: [Value]) throws {
    try #require(folded.shape == plain.shape)
    let weights = try read(folded.shape, seed: 77)
    let outputs = { (y: Value) in
      try [y] + gradients(of: (weights * (y + 0.5 * y.squared)).total, withRespectTo: inputs)
    }
    let found = try outputs(folded)
    let expected = try outputs(plain)
    for (output, result) in zip(expected, try runProgram(graph, found)) {
      #expect(relativeDifference(result, ReferenceEvaluator(graph).evaluate(output)) < Self.tolerance)
    }
  }

  private func resampling(_ value: Value) -> ConvolutionGeometry.Resampling? {
    (value.node.operation as? Convolution)?.settings.resampling
  }

  @Test("a 3×3 convolution reads an upsampled image from the small one")
  func upsampled() throws {
    let (x, w) = (try read([2, 3, 5, 9], seed: 1), try read([3, 3, 9, 17], seed: 2))
    let folded = try convolution(upsample(x), w)
    #expect(resampling(folded) == .upsampledInput)
    let plain = try graph.apply(Convolution(settings: ConvolutionSettings(padding: 1)), [upsample(x), w])
    try expectEqual(folded, plain, gradientsFor: [x, w])
  }

  @Test("a 3×3 convolution writes averages of its result, seen through a bias")
  func pooled() throws {
    let (x, w, bias) = (try read([2, 6, 4, 9], seed: 1), try read([3, 3, 9, 17], seed: 2), try read([17], seed: 3))
    let folded = try averagePool(convolution(x, w) + bias)
    #expect(graph.nodes[folded.node.inputs[0]].operation is Convolution)
    #expect(resampling(try averagePool(convolution(x, w))) == .pooledOutput)
    let result = try graph.apply(Convolution(settings: ConvolutionSettings(padding: 1)), [x, w]) + bias
    try expectEqual(folded, 0.25 * sumPool(result), gradientsFor: [x, w, bias])
  }

  @Test("a 1×1 convolution runs at the low resolution, before upsampling and after pooling")
  func pointwise() throws {
    let (x, w) = (try read([2, 4, 6, 5], seed: 1), try read([1, 1, 5, 7], seed: 2))
    let up = try convolution(upsample(x), w)
    #expect(up.node.operation is Upsample)
    let settings = ConvolutionSettings(padding: 0)
    try expectEqual(up, graph.apply(Convolution(settings: settings), [upsample(x), w]), gradientsFor: [x, w])
    let down = try averagePool(convolution(x, w))
    #expect(down.node.operation is Reshape)
    let plain = try 0.25 * sumPool(graph.apply(Convolution(settings: settings), [x, w]))
    try expectEqual(down, plain, gradientsFor: [x, w])
  }

  @Test("few channels, other kernels and forced algorithms are not folded")
  func notFolded() throws {
    let x = try read([1, 4, 4, 3], seed: 1)
    #expect(
      resampling(try convolution(upsample(x), read([3, 3, 3, 16], seed: 2))) == ConvolutionGeometry.Resampling.none)
    let wide = try read([1, 4, 4, 16], seed: 1)
    #expect(
      resampling(try convolution(upsample(wide), read([5, 5, 16, 16], seed: 2))) == ConvolutionGeometry.Resampling.none)
    #expect(
      resampling(try convolution(upsample(wide), read([3, 3, 16, 16], seed: 2), stride: 2))
        == ConvolutionGeometry.Resampling.none)
  }
}
