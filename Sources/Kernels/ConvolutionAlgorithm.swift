/// How a convolution is computed.
public enum ConvolutionAlgorithm: String, Hashable, Sendable, CaseIterable {
  /// Unfold patches into rows, then one matrix product; any kernel, stride and padding, but no resampling.
  case unfolded
  /// Winograd's F(2×2, 3×3): 2.25 times fewer multiplications; 3×3, stride 1, padding 1.
  case winograd2
  /// Winograd's F(4×4, 3×3): 4 times fewer multiplications, 5 times the rounding error; 3×3, stride 1, padding 1.
  case winograd4
}

extension ConvolutionGeometry {
  /// True where `algorithm` can compute this convolution and its two gradients.
  public func allows(_ algorithm: ConvolutionAlgorithm) -> Bool {
    switch algorithm {
    case .unfolded: resampling == .none
    case .winograd2, .winograd4: kernelHeight == 3 && kernelWidth == 3 && stride == 1 && padding == 1
    }
  }

  /// The algorithm for these extents.
  ///
  /// Winograd's transforms pay off from some channels on; below, unfolding a few channels costs next to nothing.
  public var algorithm: ConvolutionAlgorithm {
    guard allows(.winograd4) else { return .unfolded }
    if resampling != .none { return .winograd4 }
    return min(inputChannels, outputChannels) >= Self.winogradChannels ? .winograd4 : .unfolded
  }

  /// Fewest channels, in and out, from which Winograd is the faster way.
  static let winogradChannels = 8
}
