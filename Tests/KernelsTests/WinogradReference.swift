@testable import Kernels

/// A 3×3 convolution with resampling and its gradients as slow loops in float64.
struct WinogradReference {
  let geometry: ConvolutionGeometry
  var x: [Float]
  var weights: [Float]
  var yGradient: [Float]
  private(set) var y: [Double]
  private(set) var xGradient: [Double]
  private(set) var weightsGradient: [Double]

  init(_ g: ConvolutionGeometry) {
    geometry = g
    x = numbers(g.inputExtents.reduce(1, *), seed: 1)
    weights = numbers(9 * g.inputChannels * g.outputChannels, seed: 2)
    yGradient = numbers(g.outputExtents.reduce(1, *), seed: 3)
    y = [Double](repeating: 0, count: yGradient.count)
    xGradient = [Double](repeating: 0, count: x.count)
    weightsGradient = [Double](repeating: 0, count: weights.count)
    let (wide, deep) = (x.map(Double.init), weights.map(Double.init))
    let (m, k) = (g.inputChannels, g.outputChannels)
    let share = g.resampling == .pooledOutput ? 0.25 : 1
    for position in 0..<(g.images * g.height * g.width) {
      let (row, column) = (position / g.width % g.height, position % g.width)
      let n = position / (g.height * g.width)
      let output = Self.stored(n, row, column, g, halved: g.resampling == .pooledOutput) * k
      for tap in 0..<9 {
        let (r, c) = (row + tap / 3 - 1, column + tap % 3 - 1)
        guard r >= 0 && r < g.height && c >= 0 && c < g.width else { continue }
        let input = Self.stored(n, r, c, g, halved: g.resampling == .upsampledInput) * m
        for i in 0..<m {
          for o in 0..<k {
            let weight = (tap * m + i) * k + o
            let gradient = share * Double(yGradient[output + o])
            y[output + o] += share * wide[input + i] * deep[weight]
            xGradient[input + i] += gradient * deep[weight]
            weightsGradient[weight] += gradient * wide[input + i]
          }
        }
      }
    }
  }

  /// The pixel that stands for a position of the convolution's plane.
  private static func stored(_ n: Int, _ row: Int, _ column: Int, _ g: ConvolutionGeometry, halved: Bool) -> Int {
    let f = halved ? 2 : 1
    return (n * (g.height / f) + row / f) * (g.width / f) + column / f
  }
}

/// Geometries for `resampling`: planes and channels that leave every kind of remainder.
func winogradGeometries(_ resampling: ConvolutionGeometry.Resampling) -> [ConvolutionGeometry] {
  let channels = [(1, 3), (3, 1), (5, 16), (16, 17), (17, 5), (33, 48), (48, 33), (16, 16), (1, 1)]
  let planes = [(5, 7), (4, 4), (9, 2), (1, 8), (6, 6), (3, 5), (8, 9), (7, 1), (2, 3)]
  let mixed = zip(channels, planes).map { (channels: $0, plane: $1, images: 3) }
  // Several groups of tiles.
  let large = [(channels: (3, 5), plane: (28, 30), images: 3), (channels: (20, 40), plane: (15, 17), images: 6)]
  let small = (1...9).flatMap { h in (1...9).map { w in (channels: (2, 3), plane: (h, w), images: 2) } }
  return (mixed + large + small).compactMap { shape in
    let factor = resampling == .none ? 1 : 2
    // Even planes where something is resampled.
    let (h, w) = ((shape.plane.0 + factor - 1) / factor * factor, (shape.plane.1 + factor - 1) / factor * factor)
    return ConvolutionGeometry(
      images: shape.images, height: h, width: w, inputChannels: shape.channels.0, outputChannels: shape.channels.1,
      kernelHeight: 3, kernelWidth: 3, padding: 1, resampling: resampling)
  }
}
