import CKernels

/// A convolution of any geometry, and its two gradients, as matrix products over unfolded windows (im2col).
///
///     y[n, r, c, k] = Σ_ijm x[n, r·stride + i − padding, c·stride + j − padding, m] · w[i, j, m, k]
///
/// What is unfolded is whichever side has few channels, a block of rows at a time, so that the matrix stays in the
/// second-level cache and the wide side is read or written once.
///
/// - Shapes: x `[images, height, width, C]`, weights `[kernelHeight, kernelWidth, C, K]`, y `[images, OH, OW, K]`; dense.
///   Resampling is the caller's: x and y are the planes that the convolution itself reads and writes.
/// - Threads: `parts` calls with `part` 0 …< parts do the work of one, in any order and at the same time, with a
///   workspace that counts for that many parts. Nothing allocates.
public struct UnfoldedConvolution: Hashable, Sendable {
  /// Which matrix is made.
  enum Form: Hashable, Sendable, CaseIterable {
    /// 1×1, stride 1, no padding: the images are the matrix.
    case plain
    /// Windows of the operand that is convolved: x forward and for the weights, the gradient of y for that of x.
    case unfolded
    /// The other way: products first and their shifted sum forward and for the gradient of x, windows of the gradient
    /// of y for the weights.
    case folded
  }

  /// Positions in a block. From 128 to 512 the time is the same within 5 % (3→128, 256→3 and 16→16 channels at 32×32,
  /// 256→256 with stride 2); beyond, the operands leave the second-level cache.
  static let blockPositions = 256
  /// Positions in a block that is folded: neighbours compute `kernelHeight − 1` rows of products twice, unless blocks
  /// are whole images.
  static let foldedBlockPositions = 1024
  /// Folding pays where one side has this many times the channels of the other.
  static let foldingRatio = 4

  public let geometry: ConvolutionGeometry
  let forwardForm: Form
  let inputGradientForm: Form
  let weightGradientForm: Form

  public init(_ geometry: ConvolutionGeometry) {
    let isPlain =
      geometry.kernelHeight == 1 && geometry.kernelWidth == 1 && geometry.stride == 1 && geometry.padding == 0
    let hasNarrowOutput = geometry.outputChannels * Self.foldingRatio <= geometry.inputChannels
    let hasNarrowInput = geometry.inputChannels * Self.foldingRatio <= geometry.outputChannels
    let narrow: Form = hasNarrowOutput && geometry.stride == 1 ? .folded : .unfolded
    self.init(
      geometry, forward: isPlain ? .plain : narrow,
      inputGradient: isPlain ? .plain : hasNarrowInput ? .folded : .unfolded,
      weightGradient: isPlain ? .plain : narrow)
  }

  /// With chosen forms: for tests.
  init(_ geometry: ConvolutionGeometry, forward: Form, inputGradient: Form, weightGradient: Form) {
    self.geometry = geometry
    forwardForm = forward
    inputGradientForm = inputGradient
    weightGradientForm = weightGradient
    precondition(
      geometry.stride >= 1 && geometry.padding >= 0, "stride \(geometry.stride), padding \(geometry.padding)")
    precondition(
      geometry.stride == 1 || (forward != .folded && weightGradient != .folded),
      "folding with stride \(geometry.stride)")
  }

  /// Floats of workspace for one part.
  public var workspaceCount: Int { workspaceCount(parts: 1) }
  public var inputGradientWorkspaceCount: Int { inputGradientWorkspaceCount(parts: 1) }
  public var weightGradientWorkspaceCount: Int { weightGradientWorkspaceCount(parts: 1) }
}

extension UnfoldedConvolution {
  var taps: Int { geometry.kernelHeight * geometry.kernelWidth }
  var weightCount: Int { taps * geometry.inputChannels * geometry.outputChannels }
  var inputPositions: Int { geometry.images * geometry.height * geometry.width }
  var inputRows: Int { geometry.images * geometry.height }
  var resultRows: Int { geometry.images * geometry.resultHeight }

  /// Windows over x, one for every position of y.
  var window: ck_window {
    ck_window(
      height: Int64(geometry.height), width: Int64(geometry.width), channels: Int64(geometry.inputChannels),
      rows: Int64(geometry.resultHeight), columns: Int64(geometry.resultWidth),
      tapRows: Int64(geometry.kernelHeight), tapColumns: Int64(geometry.kernelWidth), stride: Int64(geometry.stride),
      originRow: Int64(-geometry.padding), originColumn: Int64(-geometry.padding))
  }

  /// With stride 1, windows over y, one for every position of x: tap (i, j) is what tap (kernelHeight − 1 − i,
  /// kernelWidth − 1 − j) of the convolution made of that position.
  var mirroredWindow: ck_window {
    ck_window(
      height: Int64(geometry.resultHeight), width: Int64(geometry.resultWidth),
      channels: Int64(geometry.outputChannels), rows: Int64(geometry.height), columns: Int64(geometry.width),
      tapRows: Int64(geometry.kernelHeight), tapColumns: Int64(geometry.kernelWidth), stride: 1,
      originRow: Int64(geometry.padding - geometry.kernelHeight + 1),
      originColumn: Int64(geometry.padding - geometry.kernelWidth + 1))
  }

  /// Rows of a block of unfolded windows.
  static func blockRows(columns: Int) -> Int { max(1, blockPositions / max(1, columns)) }

  /// The share of `count` items that falls to a part.
  static func share(of count: Int, part: Int, parts: Int) -> Range<Int> {
    precondition(0 <= part && part < parts, "part \(part) of \(parts)")
    return (count * part / parts)..<(count * (part + 1) / parts)
  }

  /// Whole cache lines, so that every part of a workspace begins with one.
  static func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
