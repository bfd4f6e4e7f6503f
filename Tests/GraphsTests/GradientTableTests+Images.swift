import Graphs
import Kernels
import Tensors

// The rows of operations on images.
extension GradientTableTests {
  static let imageRows: [Row] =
    [
      Row("convolution 1×1", [2, 3, 2, 3], [1, 1, 3, 4]) { try convolution($0[0], $0[1]) },
      Row("convolution 3×3", [2, 3, 4, 2], [3, 3, 2, 3]) { try convolution($0[0], $0[1]) },
      Row("convolution 2×4, stride 2, padding 1", [1, 5, 6, 2], [2, 4, 2, 2]) {
        try convolution($0[0], $0[1], stride: 2, padding: 1)
      },
      Row("convolution 7×7, stride 3", [1, 8, 7, 1], [7, 7, 1, 2]) {
        try convolution($0[0], $0[1], stride: 3, padding: 3)
      },
      Row("maxPool", [2, 4, 2, 3]) { try maxPool($0[0]) },
      Row("maxPool of another tensor", [1, 4, 4, 2], [1, 4, 4, 2]) {
        try $0[0].graph.apply(MaxPoolGather(), [$0[0], $0[1]])
      },
      Row("maxPoolGradient", [1, 4, 4, 2], [1, 2, 2, 2]) { try $0[0].graph.apply(MaxPoolScatter(), [$0[0], $0[1]]) },
    ] + ConvolutionGeometry.Resampling.allCases.flatMap(winogradRows)

  /// A convolution and both its gradients by Winograd, with folded resampling.
  private static func winogradRows(_ resampling: ConvolutionGeometry.Resampling) -> [Row] {
    let x: Shape = resampling == .upsampledInput ? [1, 2, 3, 2] : [1, 4, 6, 2]
    let y: Shape = resampling == .pooledOutput ? [1, 2, 3, 2] : [1, 4, 6, 2]
    return [ConvolutionAlgorithm.winograd2, .winograd4].flatMap { (algorithm: ConvolutionAlgorithm) -> [Row] in
      let settings = ConvolutionSettings(padding: 1, resampling: resampling, algorithm: algorithm)
      let name = "\(algorithm), \(resampling)"
      return [
        Row("convolution, \(name)", x, [3, 3, 2, 2]) {
          try $0[0].graph.apply(Convolution(settings: settings), $0)
        },
        Row("convolutionInputGradient, \(name)", y, [3, 3, 2, 2]) {
          try $0[0].graph.apply(ConvolutionInputGradient(settings: settings, inputShape: x), $0)
        },
        Row("convolutionWeightsGradient, \(name)", x, y) {
          try $0[0].graph.apply(ConvolutionWeightsGradient(settings: settings, weightsShape: [3, 3, 2, 2]), $0)
        },
      ]
    }
  }
}
