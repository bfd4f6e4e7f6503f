import CKernels

extension UnfoldedConvolution {
  public func inputGradientWorkspaceCount(parts: Int) -> Int { parts * inputGradientPartCount }

  private var inputGradientPartCount: Int {
    let weights = Self.aligned(weightCount)
    switch inputGradientForm {
    case .plain: return weights
    case .folded: return weights + Self.foldCount(window)
    case .unfolded: return weights + unfoldedGradientCount + placedGradientCount
    }
  }

  /// xGradient[n, h, w, m] = Σ_ijk yGradient[n, (h + padding − i) / stride, (w + padding − j) / stride, k] · w[i, j, m, k]
  /// over the taps where both divide. Parts write disjoint rows of xGradient.
  ///
  /// - Shapes: `workspace` has `inputGradientWorkspaceCount(parts:)` floats.
  public func inputGradient(
    yGradient: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>,
    xGradient: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>, part: Int = 0, parts: Int = 1
  ) {
    let own = workspace + part * inputGradientPartCount
    let rest = own + Self.aligned(weightCount)
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    switch inputGradientForm {
    case .plain:
      ck_transpose(weights, own, 1, Int64(inputs), Int64(outputs))
      Self.multiplyRows(
        Self.share(of: inputPositions, part: part, parts: parts), inner: outputs, columns: inputs, left: yGradient,
        right: own, result: xGradient)
    case .folded:
      ck_transpose(weights, own, 1, Int64(taps * inputs), Int64(outputs))
      Self.foldProducts(
        yGradient, inner: outputs, weights: own, over: window,
        rows: Self.share(of: inputRows, part: part, parts: parts), into: xGradient, products: rest)
    case .unfolded:
      for index in 0..<phaseCount {
        let phase = phase(index)
        gatherWeights(weights, for: phase, into: own)
        runPhase(
          phase, yGradient: yGradient, weights: own, xGradient: xGradient, workspace: rest, part: part, parts: parts)
      }
    }
  }
}

extension UnfoldedConvolution {
  /// The pixels of x with equal remainders of row and column modulo the stride: the same taps reach all of them, so
  /// their gradient is a convolution of yGradient with stride 1 and these taps in reverse.
  struct Phase {
    let row: Int
    let column: Int
    /// The smallest taps.
    let firstTapRow: Int
    let firstTapColumn: Int
    /// Windows over yGradient, one for every pixel.
    let window: ck_window

    var isEmpty: Bool { window.tapRows * window.tapColumns == 0 }
  }

  private var phaseCount: Int { geometry.stride * geometry.stride }

  private func phase(_ index: Int) -> Phase {
    let (row, column) = (index / geometry.stride, index % geometry.stride)
    let rows = alongAxis(offset: row, extent: geometry.height, kernel: geometry.kernelHeight)
    let columns = alongAxis(offset: column, extent: geometry.width, kernel: geometry.kernelWidth)
    return Phase(
      row: row, column: column, firstTapRow: rows.firstTap, firstTapColumn: columns.firstTap,
      window: ck_window(
        height: Int64(geometry.resultHeight), width: Int64(geometry.resultWidth),
        channels: Int64(geometry.outputChannels), rows: Int64(rows.pixels), columns: Int64(columns.pixels),
        tapRows: Int64(rows.taps), tapColumns: Int64(columns.taps), stride: 1, originRow: Int64(rows.origin),
        originColumn: Int64(columns.origin)))
  }

  /// Pixel offset + stride · u is reached by taps firstTap + stride · t from positions u + (offset + padding) / stride − t.
  private func alongAxis(
    offset: Int, extent: Int, kernel: Int
  ) -> (pixels: Int, firstTap: Int, taps: Int, origin: Int) {
    let step = geometry.stride
    let firstTap = (offset + geometry.padding) % step
    let taps = firstTap < kernel ? (kernel - firstTap - 1) / step + 1 : 0
    return (
      max(0, (extent - offset + step - 1) / step), firstTap, taps, (offset + geometry.padding) / step - taps + 1
    )
  }

  /// The weights of a phase as `[reversed taps, k, m]`.
  private func gatherWeights(
    _ weights: UnsafeMutablePointer<Float>, for phase: Phase, into gathered: UnsafeMutablePointer<Float>
  ) {
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    let (tapRows, tapColumns) = (Int(phase.window.tapRows), Int(phase.window.tapColumns))
    for i in 0..<tapRows {
      for j in 0..<tapColumns {
        let tapRow = phase.firstTapRow + geometry.stride * (tapRows - 1 - i)
        let tapColumn = phase.firstTapColumn + geometry.stride * (tapColumns - 1 - j)
        ck_transpose(
          weights + (tapRow * geometry.kernelWidth + tapColumn) * inputs * outputs,
          gathered + (i * tapColumns + j) * outputs * inputs, 1, Int64(inputs), Int64(outputs))
      }
    }
  }

  /// The largest block of any phase.
  private var unfoldedGradientCount: Int {
    (0..<phaseCount).reduce(0) { most, index in
      let phase = phase(index)
      let columns = Int(phase.window.columns)
      let inner = Int(phase.window.tapRows * phase.window.tapColumns * phase.window.channels)
      return max(most, Self.aligned(Self.blockRows(columns: columns) * columns * inner))
    }
  }

  /// With a stride, the pixels of a phase are no matrix: a block of them is computed aside and put in place.
  private var placedGradientCount: Int {
    guard geometry.stride > 1 else { return 0 }
    let columns = (geometry.width + geometry.stride - 1) / geometry.stride
    return Self.aligned(max(Self.blockPositions, columns) * geometry.inputChannels)
  }

  private func runPhase(
    _ phase: Phase, yGradient: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>,
    xGradient: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>, part: Int, parts: Int
  ) {
    let inputs = geometry.inputChannels
    let (rowsPerImage, columns) = (Int(phase.window.rows), Int(phase.window.columns))
    let rows = Self.share(of: geometry.images * rowsPerImage, part: part, parts: parts)
    let rowLength = geometry.width * inputs
    /// Where a row of the phase begins in xGradient.
    func place(_ row: Int) -> UnsafeMutablePointer<Float> {
      let pixelRow = row / rowsPerImage * geometry.height + row % rowsPerImage * geometry.stride + phase.row
      return xGradient + pixelRow * rowLength + phase.column * inputs
    }
    guard columns > 0 else { return }
    if phase.isEmpty {
      for row in rows {
        for column in 0..<columns { ck_fill(place(row) + column * geometry.stride * inputs, Int64(inputs), 0) }
      }
    } else if geometry.stride == 1 {
      Self.convolve(
        yGradient, over: phase.window, rows: rows, weights: weights, outputs: inputs, unfolded: workspace,
        result: { xGradient + $0.lowerBound * rowLength })
    } else {
      let aside = workspace + unfoldedGradientCount
      Self.convolve(
        yGradient, over: phase.window, rows: rows, weights: weights, outputs: inputs, unfolded: workspace,
        result: { _ in aside },
        then: { range in
          for row in range {
            ck_copy_strided(
              aside + (row - range.lowerBound) * columns * inputs, Int64(inputs), place(row),
              Int64(geometry.stride * inputs), Int64(columns), Int64(inputs))
          }
        })
    }
  }
}
