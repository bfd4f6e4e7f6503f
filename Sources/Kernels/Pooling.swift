import CKernels

/// Pooling over 2×2 and its adjoints, channels last, for images of even height and width.
///
/// Work is counted in rows of the small images, `0 ..< pooledRows`; calls for ranges that do not overlap may run at the
/// same time.
public struct Pooling: Hashable, Sendable {
  public let images: Int
  /// Of the large images.
  public let height: Int
  public let width: Int
  public let channels: Int

  /// - Precondition: height and width are even.
  public init(images: Int, height: Int, width: Int, channels: Int) {
    precondition(height % 2 == 0 && width % 2 == 0, "pooling 2×2 of \(height)×\(width)")
    self.images = images
    self.height = height
    self.width = width
    self.channels = channels
  }

  public var pooledRows: Int { images * (height / 2) }

  /// y = factor · mean of x over 2×2.
  ///
  /// - Shapes: x `[images, height, width, channels]`, y `[images, height / 2, width / 2, channels]`.
  public func average(
    x: UnsafeMutablePointer<Float>, y: UnsafeMutablePointer<Float>, factor: Float = 1, rows: Range<Int>? = nil
  ) {
    let rows = checked(rows)
    ck_average_pool(x, y, Int64(width), Int64(channels), factor, Int64(rows.lowerBound), Int64(rows.upperBound))
  }

  /// Nearest upsampling: y = factor · x, repeated 2×2. With factor / 4 the adjoint of `average`.
  ///
  /// - Shapes: x `[images, height / 2, width / 2, channels]`, y `[images, height, width, channels]`.
  public func upsample(
    x: UnsafeMutablePointer<Float>, y: UnsafeMutablePointer<Float>, factor: Float = 1, rows: Range<Int>? = nil
  ) {
    let rows = checked(rows)
    ck_upsample(x, y, Int64(width), Int64(channels), factor, Int64(rows.lowerBound), Int64(rows.upperBound))
  }

  /// y = g where x is largest in its 2×2 (the first of equals; NaN counts as largest). Linear in g; max pooling is g = x.
  ///
  /// - Shapes: x and g `[images, height, width, channels]`, y `[images, height / 2, width / 2, channels]`.
  public func maxGather(
    x: UnsafeMutablePointer<Float>, g: UnsafeMutablePointer<Float>, y: UnsafeMutablePointer<Float>,
    rows: Range<Int>? = nil
  ) {
    let rows = checked(rows)
    ck_max_pool_gather(x, g, y, Int64(width), Int64(channels), Int64(rows.lowerBound), Int64(rows.upperBound))
  }

  /// y = g at the place where x is largest in its 2×2, zero at the other three: the adjoint of `maxGather` in g.
  ///
  /// - Shapes: x and y `[images, height, width, channels]`, g `[images, height / 2, width / 2, channels]`.
  public func maxScatter(
    x: UnsafeMutablePointer<Float>, g: UnsafeMutablePointer<Float>, y: UnsafeMutablePointer<Float>,
    rows: Range<Int>? = nil
  ) {
    let rows = checked(rows)
    ck_max_pool_scatter(x, g, y, Int64(width), Int64(channels), Int64(rows.lowerBound), Int64(rows.upperBound))
  }

  private func checked(_ rows: Range<Int>?) -> Range<Int> {
    let rows = rows ?? 0..<pooledRows
    precondition(rows.lowerBound >= 0 && rows.upperBound <= pooledRows, "rows \(rows) of \(pooledRows)")
    return rows
  }
}
