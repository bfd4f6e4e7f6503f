import CKernels

extension UnfoldedConvolution {
  /// Rows of images in a block that is folded, by preference whole images.
  private static func foldRows(_ window: ck_window) -> Int {
    let rows = foldedBlockPositions / max(1, Int(window.width))
    let height = Int(window.height)
    return rows >= height ? rows / height * height : max(8 * Int(window.tapRows - 1), rows, 1)
  }

  /// Rows of positions whose taps reach a range of rows of images.
  private static func positionRows(_ window: ck_window, reaching rows: Range<Int>) -> Range<Int> {
    let (height, count, stride) = (Int(window.height), Int(window.rows), Int(window.stride))
    let first = rows.lowerBound % height - Int(window.originRow) - Int(window.tapRows) + 1
    let last = (rows.upperBound - 1) % height - Int(window.originRow)
    // Rounded up and down; what lies outside of the image is nobody's.
    let low = min(max(0, first <= 0 ? 0 : (first + stride - 1) / stride), count)
    let high = min(last < 0 ? 0 : last / stride + 1, count)
    let start = rows.lowerBound / height * count + low
    return start..<max(start, (rows.upperBound - 1) / height * count + high)
  }

  /// Floats of a block of products, and those that folding may read behind it.
  static func foldCount(_ window: ck_window) -> Int {
    let rows = foldRows(window)
    // A block may begin and end inside of images; in each that it touches it needs rows around its own.
    let images = (rows + Int(window.height) - 2) / Int(window.height) + 1
    let around = (rows + images * Int(window.tapRows - 1)) / Int(window.stride) + images
    let positionRows = min(images * Int(window.rows), around)
    let perRow = Int(window.columns * window.tapRows * window.tapColumns * window.channels)
    return aligned(positionRows * perRow + 16)
  }

  /// result = the sum over the taps of `operand · weights`, shifted: the operand's rows are the positions of the window,
  /// `weights` is `[inner, tapRows, tapColumns, channels]`, `rows` are rows of the result, the window's images.
  static func foldProducts(
    _ operand: UnsafeMutablePointer<Float>, inner: Int, weights: UnsafeMutablePointer<Float>, over window: ck_window,
    rows: Range<Int>, into result: UnsafeMutablePointer<Float>, products: UnsafeMutablePointer<Float>
  ) {
    var window = window
    let columns = Int(window.tapRows * window.tapColumns * window.channels)
    let (positionsPerRow, rowLength) = (Int(window.columns), Int(window.width * window.channels))
    let block = foldRows(window)
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: block) {
      let range = first..<min(first + block, rows.upperBound)
      let needed = positionRows(window, reaching: range)
      multiplyRows(
        0..<(needed.count * positionsPerRow), inner: inner, columns: columns,
        left: operand + needed.lowerBound * positionsPerRow * inner, right: weights, result: products)
      ck_fold(
        &window, products, Int64(needed.lowerBound), result + range.lowerBound * rowLength, Int64(range.lowerBound),
        Int64(range.upperBound))
    }
  }
}
