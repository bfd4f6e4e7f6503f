import CKernels

/// A 3×3 convolution by Winograd's method, with its two gradients; resampling folded in.
///
/// The input's gradient is a convolution of its own kind with turned weights, upsampling where this one pools and the
/// other way round: see `inputGradient`.
public struct WinogradConvolution: Hashable, Sendable {
  /// What is added to a result before it is stored.
  public struct Epilogue {
    /// `[outputChannels]`
    public var bias: UnsafeMutablePointer<Float>?
    /// Laid out like the result.
    public var residual: UnsafeMutablePointer<Float>?
    /// Negative results are multiplied by it, last.
    public var negativeSlope: Float?

    public init(
      bias: UnsafeMutablePointer<Float>? = nil, residual: UnsafeMutablePointer<Float>? = nil,
      negativeSlope: Float? = nil
    ) {
      self.bias = bias
      self.residual = residual
      self.negativeSlope = negativeSlope
    }
  }

  private let geometry: ck_winograd

  /// - Precondition: `geometry` allows Winograd's method.
  /// - Parameter tile: results of a tile along an axis, 4 or 2.
  public init(_ geometry: ConvolutionGeometry, tile: Int) {
    precondition(geometry.allows(tile == 4 ? .winograd4 : .winograd2), "F(\(tile)×\(tile), 3×3) of \(geometry)")
    self.init(
      ck_winograd(
        images: Int64(geometry.images), height: Int64(geometry.height), width: Int64(geometry.width),
        inputChannels: Int64(geometry.inputChannels), outputChannels: Int64(geometry.outputChannels),
        tile: Int32(tile), resampling: geometry.resampling.code))
  }

  private init(_ geometry: ck_winograd) { self.geometry = geometry }

  /// The convolution that takes the gradient of the result to that of the input, and the factor on its weights:
  /// repeating values is 4 × averaging backwards.
  public var inputGradient: (convolution: WinogradConvolution, scale: Float) {
    var turned = geometry
    swap(&turned.inputChannels, &turned.outputChannels)
    let isUpsampled = geometry.resampling == ConvolutionGeometry.Resampling.upsampledInput.code
    let isPooled = geometry.resampling == ConvolutionGeometry.Resampling.pooledOutput.code
    if isUpsampled { turned.resampling = ConvolutionGeometry.Resampling.pooledOutput.code }
    if isPooled { turned.resampling = ConvolutionGeometry.Resampling.upsampledInput.code }
    return (WinogradConvolution(turned), isUpsampled ? 4 : isPooled ? 0.25 : 1)
  }

  /// Floats of transformed weights.
  public var weightsCount: Int { withGeometry { Int(ck_winograd_weights_count($0)) } }
  /// Floats of workspace of one part of `run`.
  public var workspaceCount: Int { withGeometry { Int(ck_winograd_workspace($0)) } }
  /// Floats of workspace of one part of the weights' gradient.
  public var gradientWorkspaceCount: Int { withGeometry { Int(ck_winograd_gradient_workspace($0)) } }

  /// Transforms weights, all parts together.
  ///
  /// - Parameter isTurned: `weights` are those of the convolution whose `inputGradient` this is.
  public func prepare(
    weights: UnsafeMutablePointer<Float>, isTurned: Bool = false, scale: Float = 1,
    into packed: UnsafeMutablePointer<Float>, part: Int = 0, parts: Int = 1
  ) {
    withGeometry { ck_winograd_weights($0, weights, isTurned ? 1 : 0, scale, packed, Int32(part), Int32(parts)) }
  }

  /// Convolves, this part its share of the tiles.
  ///
  /// - Parameter workspace: this part's; fastest where 64-byte aligned.
  public func run(
    x: UnsafeMutablePointer<Float>, packed: UnsafeMutablePointer<Float>, y: UnsafeMutablePointer<Float>,
    workspace: UnsafeMutablePointer<Float>, epilogue: Epilogue? = nil, poll: Poll? = nil, part: Int = 0, parts: Int = 1
  ) {
    let end = ck_winograd_epilogue(
      bias: epilogue?.bias, residual: epilogue?.residual, activation: epilogue?.negativeSlope == nil ? 0 : 1,
      slope: epilogue?.negativeSlope ?? 0)
    withUnsafePointer(to: end) { end in
      withHook(poll) { hook in
        withGeometry {
          ck_winograd_run($0, x, packed, epilogue == nil ? nil : end, y, workspace, hook, Int32(part), Int32(parts))
        }
      }
    }
  }

  /// This part's share of the weights' gradient, kept in its workspace.
  public func gradientSums(
    x: UnsafeMutablePointer<Float>, yGradient: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>,
    poll: Poll? = nil, part: Int = 0, parts: Int = 1
  ) {
    withHook(poll) { hook in
      withGeometry { ck_winograd_gradient_sums($0, x, yGradient, workspace, hook, Int32(part), Int32(parts)) }
    }
  }

  /// The weights' gradient from the sums of all parts, this part its share; sums are added in the order of the parts.
  ///
  /// - Parameter stride: floats between the workspaces of neighbouring parts.
  public func finishGradient(
    workspaces: UnsafeMutablePointer<Float>, stride: Int, weightsGradient: UnsafeMutablePointer<Float>, part: Int = 0,
    parts: Int = 1
  ) {
    withGeometry {
      ck_winograd_gradient_finish($0, workspaces, Int64(stride), weightsGradient, Int32(part), Int32(parts))
    }
  }

  private func withGeometry<Result>(_ body: (UnsafePointer<ck_winograd>) -> Result) -> Result {
    withUnsafePointer(to: geometry, body)
  }

  private func withHook(_ poll: Poll?, _ body: (UnsafePointer<ck_poll>?) -> Void) {
    guard let poll else { return body(nil) }
    withUnsafePointer(to: ck_poll(function: poll.function, context: poll.context)) { body($0) }
  }

  private var extents: [Int64] {
    [
      geometry.images, geometry.height, geometry.width, geometry.inputChannels, geometry.outputChannels,
      Int64(geometry.tile), Int64(geometry.resampling),
    ]
  }

  public static func == (a: Self, b: Self) -> Bool { a.extents == b.extents }

  public func hash(into hasher: inout Hasher) { hasher.combine(extents) }
}

extension ConvolutionGeometry.Resampling {
  fileprivate var code: Int32 {
    switch self {
    case .none: Int32(CK_RESAMPLE_NONE.rawValue)
    case .upsampledInput: Int32(CK_RESAMPLE_UPSAMPLE_INPUT.rawValue)
    case .pooledOutput: Int32(CK_RESAMPLE_POOL_OUTPUT.rawValue)
    }
  }
}
