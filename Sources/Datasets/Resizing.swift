import Tensors

/// Bilinear interpolation with half-pixel centres (what others call `align_corners = false`).
///
///     centre(o) = (o + ½)·in/out − ½        weight(o, i) ∝ max(0, 1 − |i − centre(o)| / max(1, in/out))
///
/// Weights of one output pixel sum to 1; pixels outside the image do not count. When an image shrinks the triangle
/// widens with it, so that every source pixel has a part (no aliasing).
enum Resizing {
  /// The source pixels that the output pixels along one axis are made of, and their weights.
  struct Taps {
    /// First source pixel, per output pixel.
    let first: [Int]
    /// Source pixels per output pixel: as many for each, some with weight 0.
    let count: Int
    /// `[outputs, count]`
    let weights: [Float]

    init(first: [Int], count: Int, weights: [Float]) {
      self.first = first
      self.count = count
      self.weights = weights
    }

    init(from size: Int, to newSize: Int) {
      let ratio = Double(size) / Double(newSize)
      let reach = max(1, ratio)
      let count = min(size, Int((2 * reach).rounded(.up)) + 1)
      var first: [Int] = []
      var weights: [Float] = []
      for output in 0..<newSize {
        let centre = (Double(output) + 0.5) * ratio - 0.5
        let start = min(size - count, max(0, Int((centre - reach).rounded(.up))))
        let row = (start..<start + count).map { max(0, 1 - abs(Double($0) - centre) / reach) }
        let sum = row.reduce(0, +)
        first.append(start)
        weights += row.map { Float($0 / sum) }
      }
      self.init(first: first, count: count, weights: weights)
    }
  }

  /// Resizes every image in `pixels`, multiplies by `valueScale`, rounds (halves away from zero) and clamps to 0…255.
  ///
  /// - Shapes: `shape` is `[H, W, C]`; `pixels` and the result hold whole images.
  static func bilinear(
    _ pixels: UnsafeBufferPointer<UInt8>, from shape: Shape, to resolution: Resolution, valueScale: Float
  ) -> [UInt8] {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    let rows = Taps(from: height, to: resolution.height)
    let columns = Taps(from: width, to: resolution.width)
    let newRow = resolution.width * channels
    let imageCount = pixels.count / shape.count
    var narrowed = [Float](repeating: 0, count: height * newRow)
    var line = [Float](repeating: 0, count: newRow)
    return [UInt8](unsafeUninitializedCapacity: imageCount * resolution.height * newRow) { result, count in
      for image in 0..<imageCount {
        let source = UnsafeBufferPointer(rebasing: pixels[image * shape.count..<(image + 1) * shape.count])
        narrowed.withUnsafeMutableBufferPointer {
          interpolate(columns: columns, of: source, width: width, channels: channels, into: $0)
        }
        for row in 0..<resolution.height {
          narrowed.withUnsafeBufferPointer { narrowed in
            line.withUnsafeMutableBufferPointer { interpolate(row: row, by: rows, of: narrowed, into: $0) }
          }
          for value in line {
            result[count] = UInt8(min(255, max(0, (value * valueScale).rounded(.toNearestOrAwayFromZero))))
            count += 1
          }
        }
      }
    }
  }

  /// Resizes along the rows: `source` `[H, W, C]` to `result` `[H, new W, C]`.
  static func interpolate(
    columns: Taps, of source: UnsafeBufferPointer<UInt8>, width: Int, channels: Int,
    into result: UnsafeMutableBufferPointer<Float>
  ) {
    columns.first.withUnsafeBufferPointer { first in
      columns.weights.withUnsafeBufferPointer { weights in
        var index = 0
        for row in 0..<source.count / (width * channels) {
          for column in 0..<first.count {
            let start = (row * width + first[column]) * channels
            for channel in 0..<channels {
              var sum: Float = 0
              for step in 0..<columns.count {
                sum += weights[column * columns.count + step] * Float(source[start + step * channels + channel])
              }
              result[index] = sum
              index += 1
            }
          }
        }
      }
    }
  }

  /// One output row from the rows of `source` `[H, row length]`.
  static func interpolate(
    row: Int, by rows: Taps, of source: UnsafeBufferPointer<Float>, into line: UnsafeMutableBufferPointer<Float>
  ) {
    line.update(repeating: 0)
    for step in 0..<rows.count {
      let weight = rows.weights[row * rows.count + step]
      let start = (rows.first[row] + step) * line.count
      for column in 0..<line.count { line[column] += weight * source[start + column] }
    }
  }
}
