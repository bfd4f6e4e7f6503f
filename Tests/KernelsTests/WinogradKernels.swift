import CKernels
import Testing

@testable import Kernels

/// The Winograd kernels of one CPU level over arrays; NaN in every workspace, so that reading before writing shows.
struct Winograd {
  private var geometry: ck_winograd
  private let kernels: ck_kernels

  init(_ g: ConvolutionGeometry, _ test: WinogradCase) {
    kernels = test.level.kernels
    let resampling: ck_resampling =
      switch g.resampling {
      case .none: CK_RESAMPLE_NONE
      case .upsampledInput: CK_RESAMPLE_UPSAMPLE_INPUT
      case .pooledOutput: CK_RESAMPLE_POOL_OUTPUT
      }
    geometry = ck_winograd(
      images: Int64(g.images), height: Int64(g.height), width: Int64(g.width), inputChannels: Int64(g.inputChannels),
      outputChannels: Int64(g.outputChannels), tile: Int32(test.tile), resampling: Int32(resampling.rawValue))
  }

  /// The convolution of the input's gradient, and the factor on its weights.
  var inputGradient: (Winograd, Float) {
    var turned = self
    swap(&turned.geometry.inputChannels, &turned.geometry.outputChannels)
    switch ck_resampling(UInt32(geometry.resampling)) {
    case CK_RESAMPLE_UPSAMPLE_INPUT:
      turned.geometry.resampling = Int32(CK_RESAMPLE_POOL_OUTPUT.rawValue)
      return (turned, 4)
    case CK_RESAMPLE_POOL_OUTPUT:
      turned.geometry.resampling = Int32(CK_RESAMPLE_UPSAMPLE_INPUT.rawValue)
      return (turned, 0.25)
    default: return (turned, 1)
    }
  }

  func packed(_ weights: [Float], rotated: Bool = false, scale: Float = 1, parts: Int = 1) -> [Float] {
    var g = geometry
    return Self.workspace(Int(ck_winograd_weights_count(&g))) { packed in
      for part in (0..<parts).reversed() {
        kernels.winograd_weights(&g, weights, rotated ? 1 : 0, scale, packed, Int32(part), Int32(parts))
      }
    }
  }

  func run(
    _ x: [Float], packed: [Float], bias: [Float]? = nil, residual: [Float]? = nil, slope: Float? = nil, parts: Int = 1
  ) -> [Float] {
    var g = geometry
    let halves: Int64 = ck_resampling(UInt32(g.resampling)) == CK_RESAMPLE_POOL_OUTPUT ? 2 : 1
    let count = Int(g.images * (g.height / halves) * (g.width / halves) * g.outputChannels)
    return written(count) { y in
      (bias ?? []).withUnsafeBufferPointer { biasBuffer in
        (residual ?? []).withUnsafeBufferPointer { residualBuffer in
          var end = ck_winograd_epilogue(
            bias: bias == nil ? nil : biasBuffer.baseAddress,
            residual: residual == nil ? nil : residualBuffer.baseAddress,
            activation: slope == nil ? 0 : 1, slope: slope ?? 0)
          let isPlain = bias == nil && residual == nil && slope == nil
          for part in (0..<parts).reversed() {
            _ = Self.workspace(Int(ck_winograd_workspace(&g))) { workspace in
              withUnsafePointer(to: &end) { end in
                kernels.winograd_run(&g, x, packed, isPlain ? nil : end, y, workspace, nil, Int32(part), Int32(parts))
              }
            }
          }
        }
      }
    }
  }

  func weightsGradient(_ x: [Float], _ yGradient: [Float], parts: Int = 1) -> [Float] {
    var g = geometry
    let stride = Int(ck_winograd_gradient_workspace(&g)) + 5
    return written(Int(9 * g.inputChannels * g.outputChannels)) { gradient in
      _ = Self.workspace(stride * parts) { workspace in
        for part in (0..<parts).reversed() {
          kernels.winograd_gradient_sums(
            &g, x, yGradient, workspace + part * stride, nil, Int32(part), Int32(parts))
        }
        for part in (0..<parts).reversed() {
          kernels.winograd_gradient_finish(&g, workspace, Int64(stride), gradient, Int32(part), Int32(parts))
        }
      }
    }
  }

  private static func workspace(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
    let (guardCount, sentinel) = (32, Float(-12345))
    var floats = [Float](repeating: .nan, count: count) + [Float](repeating: sentinel, count: guardCount)
    floats.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
    #expect(floats.suffix(guardCount).allSatisfy { $0 == sentinel }, "written behind the workspace")
    return Array(floats.prefix(count))
  }
}
