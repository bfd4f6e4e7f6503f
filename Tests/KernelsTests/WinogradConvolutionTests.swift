import CKernels
import Testing

@testable import Kernels

/// Every combination that a kernel has code of its own for.
struct WinogradCase: CustomStringConvertible, Sendable {
  let tile: Int
  let resampling: ConvolutionGeometry.Resampling
  let level: KernelLevel
  var description: String { "F(\(tile)×\(tile), 3×3), \(resampling), \(level)" }

  static let all = [2, 4].flatMap { tile in
    ConvolutionGeometry.Resampling.allCases.flatMap { resampling in
      KernelLevel.all.map { WinogradCase(tile: tile, resampling: resampling, level: $0) }
    }
  }

  /// Of the largest result. F(2×2) only adds and halves. F(4×4) weighs by up to 8 and back by 1/24, and what cancels
  /// leaves its rounding behind. Largest found over the geometries below: 1.3e-6 and 7.0e-6.
  var tolerance: Double { tile == 2 ? 2e-6 : 1e-5 }

  /// Of the root mean square of the results, over many channels and tiles. Found: 2.8e-7 and 2.0e-6.
  var typicalTolerance: Double { tile == 2 ? 4e-7 : 3e-6 }
}

@Suite("Winograd convolution")
struct WinogradConvolutionTests {
  private static let partCounts = [1, 2, 3, 7]

  @Test("forward is the direct sum, the same bits for any number of parts", arguments: WinogradCase.all)
  func forward(_ test: WinogradCase) {
    for geometry in winogradGeometries(test.resampling) {
      let reference = WinogradReference(geometry)
      let winograd = Winograd(geometry, test)
      let packed = winograd.packed(reference.weights)
      let y = Self.partCounts.map { winograd.run(reference.x, packed: packed, parts: $0) }
      expectClose(y[0], reference.y, test, geometry)
      for other in y { #expect(bits(other) == bits(y[0]), "\(geometry)") }
    }
  }

  @Test("the input gradient is the direct sum", arguments: WinogradCase.all)
  func inputGradient(_ test: WinogradCase) {
    for geometry in winogradGeometries(test.resampling) {
      let reference = WinogradReference(geometry)
      let (winograd, scale) = Winograd(geometry, test).inputGradient
      for parts in [1, 3] {
        let packed = winograd.packed(reference.weights, rotated: true, scale: scale, parts: parts)
        let xGradient = winograd.run(reference.yGradient, packed: packed, parts: parts)
        expectClose(xGradient, reference.xGradient, test, geometry)
      }
    }
  }

  @Test("the weights' gradient is the direct sum", arguments: WinogradCase.all)
  func weightsGradient(_ test: WinogradCase) {
    for geometry in winogradGeometries(test.resampling) {
      let reference = WinogradReference(geometry)
      let winograd = Winograd(geometry, test)
      for parts in Self.partCounts {
        let gradient = winograd.weightsGradient(reference.x, reference.yGradient, parts: parts)
        expectClose(gradient, reference.weightsGradient, test, geometry)
      }
    }
  }

  @Test("typical errors stay where they were measured", arguments: WinogradCase.all)
  func typicalError(_ test: WinogradCase) {
    let geometry = ConvolutionGeometry(
      images: 2, height: 12, width: 12, inputChannels: 64, outputChannels: 64, kernelHeight: 3, kernelWidth: 3,
      padding: 1, resampling: test.resampling)
    let reference = WinogradReference(geometry)
    let winograd = Winograd(geometry, test)
    let (turned, scale) = winograd.inputGradient
    let packed = turned.packed(reference.weights, rotated: true, scale: scale)
    let results = [
      (winograd.run(reference.x, packed: winograd.packed(reference.weights)), reference.y),
      (turned.run(reference.yGradient, packed: packed), reference.xGradient),
      (winograd.weightsGradient(reference.x, reference.yGradient), reference.weightsGradient),
    ]
    for (result, expected) in results {
      let squares = zip(result, expected).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
      let error = (squares / expected.reduce(0) { $0 + $1 * $1 }).squareRoot()
      #expect(error <= test.typicalTolerance)
    }
  }

  @Test("bias, residual and activation apply in this order", arguments: WinogradCase.all)
  func epilogue(_ test: WinogradCase) {
    let slope: Float = 0.2
    for geometry in winogradGeometries(test.resampling).prefix(10) {
      let reference = WinogradReference(geometry)
      let winograd = Winograd(geometry, test)
      let packed = winograd.packed(reference.weights)
      let bias = numbers(geometry.outputChannels, seed: 4)
      let residual = numbers(reference.y.count, seed: 5)
      for (hasBias, hasResidual, isActive) in [(true, true, true), (true, false, true), (false, true, false)] {
        let y = winograd.run(
          reference.x, packed: packed, bias: hasBias ? bias : nil, residual: hasResidual ? residual : nil,
          slope: isActive ? slope : nil)
        let expected = reference.y.enumerated().map { index, plain in
          var value = plain
          if hasBias { value += Double(bias[index % geometry.outputChannels]) }
          if hasResidual { value += Double(residual[index]) }
          return isActive && value < 0 ? Double(slope) * value : value
        }
        expectClose(y, expected, test, geometry)
      }
    }
  }

  @Test("NaN comes through where a result depends on it", arguments: WinogradCase.all)
  func nonFinite(_ test: WinogradCase) {
    let geometry = ConvolutionGeometry(
      images: 1, height: 16, width: 16, inputChannels: 5, outputChannels: 3, kernelHeight: 3, kernelWidth: 3,
      padding: 1, resampling: test.resampling)
    var reference = WinogradReference(geometry)
    reference.x[2] = .nan
    let winograd = Winograd(geometry, test)
    let y = winograd.run(reference.x, packed: winograd.packed(reference.weights))
    #expect(!y.prefix(3).contains { !$0.isNaN })
    // Tiles at the far end do not see it.
    #expect(!y.suffix(3).contains { !$0.isFinite })
    let gradient = winograd.weightsGradient(reference.x, reference.yGradient)
    let centre = (4 * geometry.inputChannels + 2) * geometry.outputChannels
    #expect(!gradient[centre..<(centre + geometry.outputChannels)].contains { !$0.isNaN })
  }

  @Test("the Swift face calls the kernels")
  func face() {
    for tile in [2, 4] {
      for resampling in ConvolutionGeometry.Resampling.allCases {
        let geometry = winogradGeometries(resampling)[5]
        var reference = WinogradReference(geometry)
        let convolution = WinogradConvolution(geometry, tile: tile)
        let test = WinogradCase(tile: tile, resampling: resampling, level: KernelLevel.all[0])
        var workspace = [Float](repeating: .nan, count: convolution.workspaceCount)
        var packed = [Float](repeating: .nan, count: convolution.weightsCount)
        convolution.prepare(weights: &reference.weights, into: &packed)
        var bias = numbers(geometry.outputChannels, seed: 4)
        var polls = 0
        let y = written(reference.y.count) { y in
          bias.withUnsafeMutableBufferPointer { bias in
            withUnsafeMutablePointer(to: &polls) { polls in
              let poll = Poll(
                { $0?.assumingMemoryBound(to: Int.self).pointee += 1 }, context: UnsafeMutableRawPointer(polls))
              convolution.run(
                x: &reference.x, packed: &packed, y: y, workspace: &workspace, epilogue: .init(bias: bias.baseAddress),
                poll: poll)
            }
          }
        }
        expectClose(
          y, reference.y.enumerated().map { $1 + Double(bias[$0 % bias.count]) }, test, geometry)
        #expect(polls > 0)

        let (turned, scale) = convolution.inputGradient
        workspace = [Float](repeating: .nan, count: turned.workspaceCount)
        packed = [Float](repeating: .nan, count: turned.weightsCount)
        turned.prepare(weights: &reference.weights, isTurned: true, scale: scale, into: &packed)
        let xGradient = written(reference.xGradient.count) { xGradient in
          turned.run(x: &reference.yGradient, packed: &packed, y: xGradient, workspace: &workspace)
        }
        expectClose(xGradient, reference.xGradient, test, geometry)
        #expect(turned.inputGradient.convolution == convolution)
      }
    }
  }

  private func expectClose(_ x: [Float], _ reference: [Double], _ test: WinogradCase, _ geometry: ConvolutionGeometry) {
    let largest = reference.reduce(0) { max($0, abs($1)) }
    let error = distance(x.map { Float(Double($0) / largest) }, reference.map { $0 / largest })
    #expect(error <= test.tolerance, "\(error), \(geometry)")
  }
}
