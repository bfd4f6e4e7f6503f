import Tensors

/// Brings images of any size to one resolution: the largest centred part with the resolution's proportions, shrunk by
/// exact area averages or enlarged bilinearly.
///
///     r = min(h/H, w/W)        part = r·H × r·W in the middle        output pixel = mean of its r×r square, r ≥ 1
///
/// Below 1 an output pixel is interpolated between the four around its centre (half-pixel centres, borders repeated).
/// At r = 1 pixels are copied. Values are rounded once, halves away from zero. Without `crops` each axis has an r of its
/// own and the whole image is stretched.
struct Fitting {
  let resolution: Resolution
  let crops: Bool
  private var plan: Plan?
  private var narrowed: [Float] = []
  private var line: [Float] = []

  /// Where the pixels come from, for images of one size.
  private struct Plan {
    let size: Resolution
    let rows: Resizing.Taps
    let columns: Resizing.Taps
  }

  init(to resolution: Resolution, crops: Bool) {
    self.resolution = resolution
    self.crops = crops
  }

  /// Appends the image, `[size.height, size.width, channels]` at the start of `pixels`, to `result`.
  mutating func append(_ pixels: UnsafePointer<UInt8>, size: Resolution, channels: Int, to result: inout [UInt8]) {
    let source = UnsafeBufferPointer(start: pixels, count: size.height * size.width * channels)
    if size == resolution {
      result += source
      return
    }
    let plan = self.plan?.size == size ? self.plan! : makePlan(for: size)
    self.plan = plan
    let rowLength = resolution.width * channels
    if narrowed.count < size.height * rowLength {
      narrowed = [Float](repeating: 0, count: size.height * rowLength)
    }
    if line.count != rowLength { line = [Float](repeating: 0, count: rowLength) }
    narrowed.withUnsafeMutableBufferPointer {
      Resizing.interpolate(columns: plan.columns, of: source, width: size.width, channels: channels, into: $0)
    }
    for row in 0..<resolution.height {
      narrowed.withUnsafeBufferPointer { narrowed in
        line.withUnsafeMutableBufferPointer { Resizing.interpolate(row: row, by: plan.rows, of: narrowed, into: $0) }
      }
      // Weighted means of bytes are never negative, so that cutting v + ½ rounds; a call of round for each takes longer
      // than all the rest.
      result.append(contentsOf: line.lazy.map { UInt8(min(255, $0 + 0.5)) })
    }
  }

  private func makePlan(for size: Resolution) -> Plan {
    let (height, width) = (Double(size.height), Double(size.width))
    let (newHeight, newWidth) = (Double(resolution.height), Double(resolution.width))
    guard crops else {
      return Plan(
        size: size, rows: Self.taps(size.height, span: height, to: resolution.height),
        columns: Self.taps(size.width, span: width, to: resolution.width))
    }
    // Whole numbers decide which axis is kept whole, so that its span is exact.
    let keepsHeight = size.height * resolution.width <= size.width * resolution.height
    let ratio = keepsHeight ? height / newHeight : width / newWidth
    return Plan(
      size: size,
      rows: Self.taps(size.height, span: keepsHeight ? height : ratio * newHeight, to: resolution.height),
      columns: Self.taps(size.width, span: keepsHeight ? ratio * newWidth : width, to: resolution.width))
  }

  /// Taps of `newSize` output pixels over the middle `span` of an axis of `size` pixels.
  static func taps(_ size: Int, span: Double, to newSize: Int) -> Resizing.Taps {
    let ratio = span / Double(newSize)
    var offset = (Double(size) - span) / 2
    // An odd rest is not worth blurring every pixel for.
    if ratio == 1 { offset.round(.down) }
    let count = min(size, ratio >= 1 ? Int(ratio.rounded(.up)) + 1 : 2)
    var first: [Int] = []
    var weights: [Float] = []
    for output in 0..<newSize {
      let start: Int
      let row: [Double]
      if ratio >= 1 {
        let (low, high) = (offset + Double(output) * ratio, offset + Double(output + 1) * ratio)
        start = min(size - count, max(0, Int(low)))
        row = (start..<start + count).map { max(0, min(high, Double($0 + 1)) - max(low, Double($0))) }
      } else {
        let centre = min(Double(size - 1), max(0, offset + (Double(output) + 0.5) * ratio - 0.5))
        start = min(size - count, Int(centre))
        row = (start..<start + count).map { max(0, 1 - abs(Double($0) - centre)) }
      }
      let sum = row.reduce(0, +)
      first.append(start)
      weights += row.map { Float($0 / sum) }
    }
    return Resizing.Taps(first: first, count: count, weights: weights)
  }
}
