import Kernels
import Tensors

/// The convolution of channels-last images with weights, padded by `padding` zeros on every side.
///
/// - Shapes: `x` `[N, H, W, C]`, weights `[kh, kw, C, K]`; result `[N, (H + 2p − kh) / s + 1, (W + 2p − kw) / s + 1, K]`.
/// - Parameter padding: nil keeps the size of the image at stride 1 (odd kernels): (kh − 1) / 2.
/// - Throws: `GraphError` when the shapes do not fit.
public func convolution(_ x: Value, _ weights: Value, stride: Int = 1, padding: Int? = nil) throws -> Value {
  let padding = padding ?? (weights.shape.rank == 4 ? (weights.shape[0] - 1) / 2 : 0)
  let settings = ConvolutionSettings(stride: stride, padding: padding)
  if let folded = try convolutionOfUpsampled(x, weights, settings) { return folded }
  if let product = try pointwise(x, weights, stride: stride, padding: padding) { return product }
  return try x.graph.apply(Convolution(settings: settings), [x, weights])
}

/// A 1×1 convolution is a product of all positions with a matrix.
private func pointwise(_ x: Value, _ weights: Value, stride: Int, padding: Int) throws -> Value? {
  guard
    x.shape.rank == 4, weights.shape.rank == 4, weights.shape[0] == 1, weights.shape[1] == 1, stride == 1, padding == 0
  else { return nil }
  return try matmul(x, weights.reshaped(to: [weights.shape[2], weights.shape[3]]))
}
