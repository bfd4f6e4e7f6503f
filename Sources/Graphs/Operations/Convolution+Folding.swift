import Kernels
import Tensors

// Resampling that needs no tensor of its own. Nearest 2× upsampling and 2×2 average pooling commute with 1×1
// convolutions and with what is added per channel, and fold into 3×3 convolutions, where Winograd's transforms skip
// what vanishes. These are rewrites while the graph is built: gradients of the folded form are folded too.

/// Fewest channels, in and out, for which folding beats resampling and convolving one after the other.
private let fewestFoldedChannels = 8

extension ConvolutionSettings {
  /// These settings with resampling folded in; nil where no algorithm does that.
  fileprivate func folding(_ resampling: ConvolutionGeometry.Resampling, input: Shape, weights: Shape) -> Self? {
    var folded = self
    folded.resampling = resampling
    let isEven = input[1] % 2 == 0 && input[2] % 2 == 0
    guard
      self.resampling == .none, resampling != .pooledOutput || isEven, algorithm == nil, stride == 1, padding == 1,
      weights[0] == 3, weights[1] == 3,
      min(weights[2], weights[3]) >= fewestFoldedChannels, (try? folded.geometry(input: input, weights: weights)) != nil
    else { return nil }
    return folded
  }
}

/// convolution(upsample(x₀), w) without the upsampled image; nil where that is not the case at hand.
func convolutionOfUpsampled(_ x: Value, _ weights: Value, _ settings: ConvolutionSettings) throws -> Value? {
  guard x.node.operation is Upsample else { return nil }
  let small = Value(graph: x.graph, index: x.node.inputs[0])
  if weights.shape[0] == 1, weights.shape[1] == 1, settings.stride == 1, settings.padding == 0 {
    return try upsample(convolution(small, weights, stride: 1, padding: 0))
  }
  guard let folded = settings.folding(.upsampledInput, input: small.shape, weights: weights.shape) else { return nil }
  return try x.graph.apply(Convolution(settings: folded), [small, weights])
}

/// averagePool(y) for a y that is a convolution, plus numbers per channel perhaps, without the large image; nil otherwise.
func averagePoolOfConvolution(_ y: Value) throws -> Value? {
  let inputs = y.node.inputs.map { Value(graph: y.graph, index: $0) }
  switch y.node.operation {
  case let operation as Convolution:
    guard
      let folded = operation.settings.folding(.pooledOutput, input: inputs[0].shape, weights: inputs[1].shape)
    else { return nil }
    return try y.graph.apply(Convolution(settings: folded), inputs)
  case let operation as Elementwise where operation.function == .add:
    return try averagePoolOfSum(inputs[0], perChannel: inputs[1]) ?? averagePoolOfSum(inputs[1], perChannel: inputs[0])
  case is Reshape:
    // A 1×1 convolution is a product of all positions with a matrix.
    let product = inputs[0]
    guard
      let matrix = product.node.operation as? MatrixProduct, !matrix.transposesLeft, !matrix.transposesRight,
      product.shape.rank == 2
    else { return nil }
    let rows = Value(graph: y.graph, index: product.node.inputs[0])
    guard rows.node.operation is Reshape else { return nil }
    let images = Value(graph: y.graph, index: rows.node.inputs[0])
    guard images.shape.rank == 4, images.shape.dimensions.dropLast() == y.shape.dimensions.dropLast() else {
      return nil
    }
    return try matmul(averagePool(images), Value(graph: y.graph, index: product.node.inputs[1]))
  default: return nil
  }
}

private func averagePoolOfSum(_ y: Value, perChannel: Value) throws -> Value? {
  guard perChannel.node.operation is Broadcast else { return nil }
  let numbers = Value(graph: y.graph, index: perChannel.node.inputs[0])
  guard numbers.shape.count == numbers.shape.last, numbers.shape.last == y.shape.last else { return nil }
  guard let pooled = try averagePoolOfConvolution(y) else { return nil }
  return try pooled + numbers
}
