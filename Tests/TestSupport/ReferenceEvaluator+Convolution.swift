import Graphs
import Kernels
import Tensors

// Convolutions by their definition, resampling as tensors of its own.
extension ReferenceEvaluator {
  /// The value of a convolution, one of its gradients, or a pooling; nil for other operations.
  static func images(_ operation: any Operation, _ x: [[Double]], _ shapes: [Shape], _ output: Shape) -> [Double]? {
    switch operation {
    case let operation as Convolution:
      let sums = PlainConvolution(operation.settings, input: shapes[0], weights: shapes[1])
      return sums.forward(x: x[0], weights: x[1])
    case let operation as ConvolutionInputGradient:
      let sums = PlainConvolution(operation.settings, input: output, weights: shapes[1])
      return sums.inputGradient(yGradient: x[0], weights: x[1])
    case let operation as ConvolutionWeightsGradient:
      let sums = PlainConvolution(operation.settings, input: shapes[0], weights: output)
      return sums.weightsGradient(x: x[0], yGradient: x[1])
    case is MaxPoolGather: return squares(shapes[0]).map { x[1][largest(of: $0, in: x[0])] }
    case is MaxPoolScatter:
      var result = [Double](repeating: 0, count: output.count)
      for (pooled, square) in squares(shapes[0]).enumerated() { result[largest(of: square, in: x[0])] = x[1][pooled] }
      return result
    default: return nil
    }
  }

  /// The four places of every 2×2 square, in the order of the pooled image.
  private static func squares(_ shape: Shape) -> [[Int]] {
    indices([shape[0], shape[1] / 2, shape[2] / 2, shape[3]]).map { p in
      [(0, 0), (0, 1), (1, 0), (1, 1)].map { linear([p[0], 2 * p[1] + $0.0, 2 * p[2] + $0.1, p[3]], in: shape) }
    }
  }

  private static func largest(of square: [Int], in x: [Double]) -> Int {
    square.dropFirst().reduce(square[0]) { x[$1] > x[$0] ? $1 : $0 }
  }
}

/// A convolution as the sum that defines it, over places in stored tensors.
private struct PlainConvolution {
  let g: ConvolutionGeometry

  init(_ s: ConvolutionSettings, input: Shape, weights: Shape) {
    let factor = s.resampling == .upsampledInput ? 2 : 1
    g = ConvolutionGeometry(
      images: input[0], height: factor * input[1], width: factor * input[2], inputChannels: weights[2],
      outputChannels: weights[3], kernelHeight: weights[0], kernelWidth: weights[1], stride: s.stride,
      padding: s.padding, resampling: s.resampling)
  }

  /// Calls `body` with the places of x, w and y and the factor of every product that counts.
  private func forEachTerm(_ body: (_ x: Int, _ w: Int, _ y: Int, _ factor: Double) -> Void) {
    let (up, down) = (g.resampling == .upsampledInput ? 2 : 1, g.resampling == .pooledOutput ? 2 : 1)
    let (input, output) = (g.inputExtents, g.outputExtents)
    for n in 0..<g.images {
      for i in 0..<g.resultHeight {
        for j in 0..<g.resultWidth {
          for a in 0..<g.kernelHeight {
            for b in 0..<g.kernelWidth {
              let (r, s) = (g.stride * i + a - g.padding, g.stride * j + b - g.padding)
              guard r >= 0, s >= 0, r < g.height, s < g.width else { continue }
              let x = ((n * input[1] + r / up) * input[2] + s / up) * g.inputChannels
              let w = (a * g.kernelWidth + b) * g.inputChannels * g.outputChannels
              let y = ((n * output[1] + i / down) * output[2] + j / down) * g.outputChannels
              for c in 0..<g.inputChannels {
                for k in 0..<g.outputChannels {
                  body(x + c, w + c * g.outputChannels + k, y + k, down == 2 ? 0.25 : 1)
                }
              }
            }
          }
        }
      }
    }
  }

  func forward(x: [Double], weights: [Double]) -> [Double] {
    var y = [Double](repeating: 0, count: g.outputExtents.reduce(1, *))
    forEachTerm { y[$2] += $3 * x[$0] * weights[$1] }
    return y
  }

  func inputGradient(yGradient: [Double], weights: [Double]) -> [Double] {
    var x = [Double](repeating: 0, count: g.inputExtents.reduce(1, *))
    forEachTerm { x[$0] += $3 * yGradient[$2] * weights[$1] }
    return x
  }

  func weightsGradient(x: [Double], yGradient: [Double]) -> [Double] {
    var w = [Double](repeating: 0, count: g.weightExtents.reduce(1, *))
    forEachTerm { w[$1] += $3 * yGradient[$2] * x[$0] }
    return w
  }
}
