import CKernels

extension UnfoldedConvolution {
  public func workspaceCount(parts: Int) -> Int { parts * forwardPartCount }

  private var forwardPartCount: Int {
    switch forwardForm {
    case .plain: 0
    case .unfolded:
      Self.aligned(
        Self.blockRows(columns: geometry.resultWidth) * geometry.resultWidth * taps * geometry.inputChannels)
    case .folded: Self.aligned(weightCount) + Self.foldCount(mirroredWindow)
    }
  }

  /// y = x convolved with the weights. Parts write disjoint rows of y.
  ///
  /// - Shapes: `workspace` has `workspaceCount(parts:)` floats.
  public func forward(
    x: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>, y: UnsafeMutablePointer<Float>,
    workspace: UnsafeMutablePointer<Float>, part: Int = 0, parts: Int = 1
  ) {
    let own = workspace + part * forwardPartCount
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    switch forwardForm {
    case .plain:
      Self.multiplyRows(
        Self.share(of: inputPositions, part: part, parts: parts), inner: inputs, columns: outputs, left: x,
        right: weights, result: y)
    case .unfolded:
      let rowLength = geometry.resultWidth * outputs
      Self.convolve(
        x, over: window, rows: Self.share(of: resultRows, part: part, parts: parts), weights: weights,
        outputs: outputs, unfolded: own
      ) { rows in y + rows.lowerBound * rowLength }
    case .folded:
      // Weights [i, j, m, k] become [m, mirrored (i, j), k]: one product makes what x gives to all positions around.
      for tap in 0..<taps {
        ck_copy_strided(
          weights + tap * inputs * outputs, Int64(outputs), own + (taps - 1 - tap) * outputs, Int64(taps * outputs),
          Int64(inputs), Int64(outputs))
      }
      Self.foldProducts(
        x, inner: inputs, weights: own, over: mirroredWindow,
        rows: Self.share(of: resultRows, part: part, parts: parts), into: y,
        products: own + Self.aligned(weightCount))
    }
  }

  /// Unfolds rows of windows over `images` block by block and multiplies them by `weights [taps · channels, outputs]`;
  /// `result` says where the rows of a block go.
  static func convolve(
    _ images: UnsafeMutablePointer<Float>, over window: ck_window, rows: Range<Int>,
    weights: UnsafeMutablePointer<Float>, outputs: Int, unfolded: UnsafeMutablePointer<Float>,
    result: (Range<Int>) -> UnsafeMutablePointer<Float>, then finish: (Range<Int>) -> Void = { _ in }
  ) {
    var window = window
    let inner = Int(window.tapRows * window.tapColumns * window.channels)
    let block = blockRows(columns: Int(window.columns))
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: block) {
      let range = first..<min(first + block, rows.upperBound)
      ck_unfold(&window, images, unfolded, Int64(range.lowerBound), Int64(range.upperBound))
      multiply(
        rows: range.count * Int(window.columns), inner: inner, columns: outputs,
        left: StridedMatrix(start: unfolded, stride: inner), right: StridedMatrix(start: weights, stride: outputs),
        result: StridedMatrix(start: result(range), stride: outputs))
      finish(range)
    }
  }
}
