import Tensors

/// Quantities measured on images, for continuous conditions: each has mean 0 and deviation 1 over the training set.
public enum Measurements {
  /// In order: mean brightness, lean (covariance of row and column), spread over columns, spread over rows.
  public static let names = ["brightness", "lean", "horizontalSpread", "verticalSpread"]

  /// The first `size` quantities of every image, normalised to mean 0 and deviation 1 over `reference`.
  /// - Returns: rows of `size` numbers.
  public static func rows(of images: ImageSet, size: Int, normalizedOver reference: ImageSet) -> [Float] {
    let measured = (0..<reference.count).map { measure(reference.bytes(at: $0), shape: reference.imageShape) }
    let scales = (0..<size).map { k in
      let mean = measured.reduce(0) { $0 + $1[k] } / Double(max(1, measured.count))
      let variance = measured.reduce(0) { $0 + ($1[k] - mean) * ($1[k] - mean) } / Double(max(1, measured.count))
      return (mean: mean, deviation: max(variance.squareRoot(), 1e-12))
    }
    return (0..<images.count).flatMap { index in
      let values = measure(images.bytes(at: index), shape: images.imageShape)
      return (0..<size).map { Float((values[$0] - scales[$0].mean) / scales[$0].deviation) }
    }
  }

  /// Moments of an image taken as a mass of light, positions in units of its sides.
  private static func measure(_ bytes: ArraySlice<UInt8>, shape: Shape) -> [Double] {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    var mass = 0.0
    var (x, y, xx, yy, xy) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for row in 0..<height {
      for column in 0..<width {
        var light = 0.0
        for channel in 0..<channels {
          light += Double(bytes[bytes.startIndex + (row * width + column) * channels + channel])
        }
        let (u, v) = (Double(column) / Double(width), Double(row) / Double(height))
        mass += light
        x += light * u
        y += light * v
        xx += light * u * u
        yy += light * v * v
        xy += light * u * v
      }
    }
    let scale = mass > 0 ? 1 / mass : 0
    let (meanX, meanY) = (x * scale, y * scale)
    return [
      mass / Double(255 * shape.count), xy * scale - meanX * meanY,
      max(0, xx * scale - meanX * meanX).squareRoot(), max(0, yy * scale - meanY * meanY).squareRoot(),
    ]
  }
}
