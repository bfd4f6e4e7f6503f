import CKernels

extension UnfoldedConvolution {
  public func weightGradientWorkspaceCount(parts: Int) -> Int {
    parts * (weightGradientPartCount + (parts > 1 ? Self.aligned(weightCount) : 0))
  }

  /// Without the part's own sum.
  private var weightGradientPartCount: Int {
    switch weightGradientForm {
    case .plain: 0
    case .unfolded:
      Self.aligned(
        Self.blockRows(columns: geometry.resultWidth) * geometry.resultWidth * taps * geometry.inputChannels)
    case .folded:
      Self.aligned(weightCount)
        + Self.aligned(Self.blockRows(columns: geometry.width) * geometry.width * taps * geometry.outputChannels)
    }
  }

  /// weightsGradient[i, j, m, k] = Σ_nrc x[n, r·stride + i − padding, c·stride + j − padding, m] · yGradient[n, r, c, k]
  ///
  /// One part writes the result. Of several, each sums its share of the rows into its own slice at the beginning of the
  /// workspace, and `finishWeightGradient` adds the slices when all are there. The result depends on the number of
  /// parts, in the last bits, but not on who runs first.
  ///
  /// - Shapes: `workspace` has `weightGradientWorkspaceCount(parts:)` floats.
  public func weightGradient(
    x: UnsafeMutablePointer<Float>, yGradient: UnsafeMutablePointer<Float>,
    weightsGradient: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>, part: Int = 0,
    parts: Int = 1
  ) {
    let slice = Self.aligned(weightCount)
    let sum = parts == 1 ? weightsGradient : workspace + part * slice
    let own = workspace + (parts == 1 ? 0 : parts * slice) + part * weightGradientPartCount
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    switch weightGradientForm {
    case .plain:
      let positions = Self.share(of: inputPositions, part: part, parts: parts)
      Self.accumulate(
        positions, by: Self.blockPositions, left: inputs, right: outputs, into: sum,
        operands: { (x + $0.lowerBound * inputs, yGradient + $0.lowerBound * outputs) })
    case .unfolded:
      let (rows, columns) = (Self.share(of: resultRows, part: part, parts: parts), geometry.resultWidth)
      var window = window
      Self.accumulate(
        rows, by: Self.blockRows(columns: columns), positionsPerRow: columns, left: taps * inputs, right: outputs,
        into: sum,
        operands: { range in
          ck_unfold(&window, x, own, Int64(range.lowerBound), Int64(range.upperBound))
          return (own, yGradient + range.lowerBound * columns * outputs)
        })
    case .folded:
      let (rows, columns) = (Self.share(of: inputRows, part: part, parts: parts), geometry.width)
      var window = mirroredWindow
      let unfolded = own + slice
      Self.accumulate(
        rows, by: Self.blockRows(columns: columns), positionsPerRow: columns, left: inputs, right: taps * outputs,
        into: own,
        operands: { range in
          ck_unfold(&window, yGradient, unfolded, Int64(range.lowerBound), Int64(range.upperBound))
          return (x + range.lowerBound * columns * inputs, unfolded)
        })
      // From [m, mirrored (i, j), k] to [i, j, m, k].
      for tap in 0..<taps {
        ck_copy_strided(
          own + (taps - 1 - tap) * outputs, Int64(taps * outputs), sum + tap * inputs * outputs, Int64(outputs),
          Int64(inputs), Int64(outputs))
      }
    }
  }

  /// Adds what the parts of `weightGradient` have left, in the order of parts. Does nothing for one part.
  ///
  /// - Precondition: all parts of `weightGradient` have returned.
  public func finishWeightGradient(
    weightsGradient: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>, part: Int = 0,
    parts: Int = 1
  ) {
    guard parts > 1 else { return }
    let range = Self.share(of: weightCount, part: part, parts: parts)
    let slice = Self.aligned(weightCount)
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: parts) { slices in
      for index in 0..<parts {
        slices.initializeElement(at: index, to: UnsafePointer(workspace + index * slice + range.lowerBound))
      }
      ck_sum_blocks(slices.baseAddress!, Int32(parts), Int64(range.count), weightsGradient + range.lowerBound)
    }
  }

  /// sum `[left, right]` = Σ over blocks of rows of leftᵀ · right; `operands` makes a block of
  /// `[positions, left]` and `[positions, right]`.
  private static func accumulate(
    _ rows: Range<Int>, by block: Int, positionsPerRow: Int = 1, left: Int, right: Int,
    into sum: UnsafeMutablePointer<Float>,
    operands: (Range<Int>) -> (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)
  ) {
    if rows.isEmpty { ck_fill(sum, Int64(left * right), 0) }
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: block) {
      let range = first..<min(first + block, rows.upperBound)
      let (a, b) = operands(range)
      multiply(
        rows: left, inner: range.count * positionsPerRow, columns: right,
        left: StridedMatrix(start: a, stride: left), transposesLeft: true,
        right: StridedMatrix(start: b, stride: right), result: StridedMatrix(start: sum, stride: right),
        adds: first != rows.lowerBound)
    }
  }
}
