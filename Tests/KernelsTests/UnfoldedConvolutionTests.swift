import Testing

@testable import Kernels

/// The slow loops, in float64.
private struct Reference {
  let geometry: ConvolutionGeometry
  let x: [Float]
  let weights: [Float]
  let yGradient: [Float]
  private(set) var y: [Double]
  private(set) var xGradient: [Double]
  private(set) var weightsGradient: [Double]

  init(_ g: ConvolutionGeometry) {
    geometry = g
    x = numbers(g.images * g.height * g.width * g.inputChannels, seed: 1)
    weights = numbers(g.kernelHeight * g.kernelWidth * g.inputChannels * g.outputChannels, seed: 2)
    yGradient = numbers(g.images * g.resultHeight * g.resultWidth * g.outputChannels, seed: 3)
    y = [Double](repeating: 0, count: yGradient.count)
    xGradient = [Double](repeating: 0, count: x.count)
    weightsGradient = [Double](repeating: 0, count: weights.count)
    let (m, k) = (g.inputChannels, g.outputChannels)
    for position in 0..<(g.images * g.resultHeight * g.resultWidth) {
      let n = position / (g.resultHeight * g.resultWidth)
      let (r, c) = (position / g.resultWidth % g.resultHeight, position % g.resultWidth)
      for tap in 0..<(g.kernelHeight * g.kernelWidth) {
        let row = r * g.stride + tap / g.kernelWidth - g.padding
        let column = c * g.stride + tap % g.kernelWidth - g.padding
        guard row >= 0 && row < g.height && column >= 0 && column < g.width else { continue }
        let pixel = ((n * g.height + row) * g.width + column) * m
        for input in 0..<m {
          for output in 0..<k {
            let weight = (tap * m + input) * k + output
            y[position * k + output] += Double(x[pixel + input]) * Double(weights[weight])
            xGradient[pixel + input] += Double(yGradient[position * k + output]) * Double(weights[weight])
            weightsGradient[weight] += Double(yGradient[position * k + output]) * Double(x[pixel + input])
          }
        }
      }
    }
  }
}

private func geometry(
  _ images: Int, _ plane: (Int, Int), channels: (Int, Int), kernel: (Int, Int), stride: Int = 1, padding: Int
) -> ConvolutionGeometry {
  ConvolutionGeometry(
    images: images, height: plane.0, width: plane.1, inputChannels: channels.0, outputChannels: channels.1,
    kernelHeight: kernel.0, kernelWidth: kernel.1, stride: stride, padding: padding)
}

private let geometries = [
  geometry(3, (5, 7), channels: (3, 5), kernel: (1, 1), padding: 0),
  geometry(2, (17, 19), channels: (4, 6), kernel: (1, 1), padding: 0),
  geometry(2, (5, 6), channels: (2, 3), kernel: (1, 1), padding: 2),
  geometry(2, (7, 5), channels: (6, 3), kernel: (1, 1), stride: 2, padding: 0),
  geometry(2, (16, 16), channels: (1, 16), kernel: (3, 3), padding: 1),
  geometry(2, (16, 16), channels: (16, 1), kernel: (3, 3), padding: 1),
  geometry(3, (9, 11), channels: (3, 33), kernel: (3, 3), padding: 1),
  geometry(3, (9, 11), channels: (33, 3), kernel: (3, 3), padding: 1),
  geometry(2, (40, 33), channels: (5, 2), kernel: (3, 3), padding: 1),
  geometry(1, (21, 300), channels: (2, 2), kernel: (3, 3), padding: 1),
  geometry(2, (6, 5), channels: (4, 4), kernel: (2, 2), padding: 0),
  geometry(1, (7, 8), channels: (3, 2), kernel: (2, 2), padding: 3),
  geometry(2, (9, 8), channels: (5, 7), kernel: (3, 3), stride: 2, padding: 1),
  geometry(2, (8, 8), channels: (17, 18), kernel: (4, 4), stride: 2, padding: 1),
  geometry(1, (31, 10), channels: (3, 20), kernel: (5, 5), stride: 3, padding: 2),
  geometry(1, (11, 13), channels: (2, 9), kernel: (2, 2), stride: 5, padding: 1),
  geometry(2, (3, 3), channels: (1, 4), kernel: (3, 3), stride: 4, padding: 0),
  geometry(1, (1, 9), channels: (2, 2), kernel: (1, 6), stride: 1, padding: 1),
  geometry(2, (10, 10), channels: (4, 3), kernel: (7, 7), padding: 3),
  geometry(1, (10, 12), channels: (3, 4), kernel: (6, 5), stride: 2, padding: 2),
  geometry(1, (4, 4), channels: (600, 500), kernel: (1, 1), padding: 0),
]

@Suite("Unfolded convolution")
struct UnfoldedConvolutionTests {
  /// Of the largest element: rounding of sums of up to 2,000 products in float32.
  static let tolerance = 2e-6
  static let partCounts = [1, 2, 3, 7]

  /// The convolution with every form that serves the geometry.
  private static func algorithms(_ geometry: ConvolutionGeometry) -> [UnfoldedConvolution] {
    let chosen = UnfoldedConvolution(geometry)
    let isStrided = geometry.stride > 1
    let narrow: UnfoldedConvolution.Form = isStrided ? .unfolded : .folded
    return [
      chosen,
      UnfoldedConvolution(geometry, forward: .unfolded, inputGradient: .unfolded, weightGradient: .unfolded),
      UnfoldedConvolution(geometry, forward: narrow, inputGradient: .folded, weightGradient: narrow),
    ]
  }

  /// A workspace of exactly so many floats; NaN, so that reading before writing shows.
  private static func withWorkspace(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    let guardCount = 32
    let workspace = UnsafeMutablePointer<Float>.allocate(capacity: count + guardCount)
    defer { workspace.deallocate() }
    workspace.initialize(repeating: .nan, count: count)
    (workspace + count).initialize(repeating: -12345, count: guardCount)
    body(workspace)
    #expect((count..<(count + guardCount)).allSatisfy { workspace[$0] == -12345 }, "written behind the workspace")
  }

  private func relativeError(_ x: [Float], _ reference: [Double]) -> Double {
    let largest = reference.reduce(0) { max($0, abs($1)) }
    return distance(x.map { Float(Double($0) / largest) }, reference.map { $0 / largest })
  }

  @Test("forward is the direct sum", arguments: geometries)
  func forward(_ geometry: ConvolutionGeometry) {
    var reference = Reference(geometry).inputs
    for algorithm in Self.algorithms(geometry) {
      for parts in Self.partCounts {
        let y = written(reference.expected.y.count) { y in
          Self.withWorkspace(algorithm.workspaceCount(parts: parts)) { workspace in
            for part in (0..<parts).reversed() {
              algorithm.forward(
                x: &reference.x, weights: &reference.weights, y: y, workspace: workspace, part: part, parts: parts)
            }
          }
        }
        let error = relativeError(y, reference.expected.y)
        #expect(error <= Self.tolerance, "\(error), \(algorithm.forwardForm), \(parts) parts")
      }
    }
  }

  @Test("the input gradient is the direct sum", arguments: geometries)
  func inputGradient(_ geometry: ConvolutionGeometry) {
    var reference = Reference(geometry).inputs
    for algorithm in Self.algorithms(geometry) {
      for parts in Self.partCounts {
        let xGradient = written(reference.expected.xGradient.count) { xGradient in
          Self.withWorkspace(algorithm.inputGradientWorkspaceCount(parts: parts)) { workspace in
            for part in (0..<parts).reversed() {
              algorithm.inputGradient(
                yGradient: &reference.yGradient, weights: &reference.weights, xGradient: xGradient,
                workspace: workspace, part: part, parts: parts)
            }
          }
        }
        let error = relativeError(xGradient, reference.expected.xGradient)
        #expect(error <= Self.tolerance, "\(error), \(algorithm.inputGradientForm), \(parts) parts")
      }
    }
  }

  @Test("the weight gradient is the direct sum, the same bits whatever the order of parts", arguments: geometries)
  func weightGradient(_ geometry: ConvolutionGeometry) {
    var reference = Reference(geometry).inputs
    for algorithm in Self.algorithms(geometry) {
      for parts in Self.partCounts {
        let results = [Array(0..<parts), (0..<parts).reversed()].map { order in
          written(reference.expected.weightsGradient.count) { gradient in
            Self.withWorkspace(algorithm.weightGradientWorkspaceCount(parts: parts)) { workspace in
              for part in order {
                algorithm.weightGradient(
                  x: &reference.x, yGradient: &reference.yGradient, weightsGradient: gradient, workspace: workspace,
                  part: part, parts: parts)
              }
              for part in order {
                algorithm.finishWeightGradient(
                  weightsGradient: gradient, workspace: workspace, part: part, parts: parts)
              }
            }
          }
        }
        let error = relativeError(results[0], reference.expected.weightsGradient)
        #expect(error <= Self.tolerance, "\(error), \(algorithm.weightGradientForm), \(parts) parts")
        #expect(bits(results[0]) == bits(results[1]))
      }
    }
  }

  @Test("narrow sides choose folding, 1×1 the images themselves")
  func forms() {
    func forms(_ geometry: ConvolutionGeometry) -> [UnfoldedConvolution.Form] {
      let algorithm = UnfoldedConvolution(geometry)
      return [algorithm.forwardForm, algorithm.inputGradientForm, algorithm.weightGradientForm]
    }
    let plane = (32, 32)
    #expect(
      forms(geometry(1, plane, channels: (3, 128), kernel: (3, 3), padding: 1)) == [.unfolded, .folded, .unfolded])
    #expect(
      forms(geometry(1, plane, channels: (256, 3), kernel: (3, 3), padding: 1)) == [.folded, .unfolded, .folded])
    #expect(forms(geometry(1, plane, channels: (8, 8), kernel: (1, 1), padding: 0)) == [.plain, .plain, .plain])
    #expect(
      forms(geometry(1, plane, channels: (64, 4), kernel: (3, 3), stride: 2, padding: 1))
        == [.unfolded, .unfolded, .unfolded])
    #expect(UnfoldedConvolution(geometry(4, plane, channels: (64, 64), kernel: (1, 1), padding: 0)).workspaceCount == 0)
  }

  @Test("infinity and NaN come through")
  func nonFinite() {
    let shape = geometry(1, (6, 6), channels: (16, 2), kernel: (3, 3), padding: 1)
    var inputs = Reference(shape).inputs
    inputs.x[(3 * 6 + 3) * 16] = .nan
    for algorithm in Self.algorithms(shape) {
      let y = written(6 * 6 * 2) { y in
        Self.withWorkspace(algorithm.workspaceCount) { workspace in
          algorithm.forward(x: &inputs.x, weights: &inputs.weights, y: y, workspace: workspace)
        }
      }
      let isAsFar = y.indices.allSatisfy { index in
        let (row, column) = (index / 2 / 6, index / 2 % 6)
        return y[index].isNaN == (abs(row - 3) <= 1 && abs(column - 3) <= 1)
      }
      #expect(isAsFar, "\(algorithm.forwardForm)")
    }
  }
}

extension Reference {
  /// Variables, because the kernels take pointers that could write.
  fileprivate var inputs: (x: [Float], weights: [Float], yGradient: [Float], expected: Reference) {
    (x, weights, yGradient, self)
  }
}
