import CKernels
import Testing

/// Windows of every kind: padding above and below what the kernel covers, gaps, columns that the kernel never reaches.
private let windows = [
  sample(1, (3, 5), channels: 4, taps: (3, 3), origin: -1),
  sample(2, (5, 7), channels: 1, taps: (3, 3), origin: -1),
  sample(1, (6, 5), channels: 3, taps: (3, 3), origin: -1),
  sample(2, (4, 4), channels: 16, taps: (3, 3), origin: 0),
  sample(1, (9, 8), channels: 2, taps: (3, 3), stride: 2, origin: -1),
  sample(1, (7, 10), channels: 5, taps: (4, 4), stride: 2, origin: -1),
  sample(1, (5, 4), channels: 33, taps: (1, 1), stride: 2, origin: 0),
  sample(1, (8, 8), channels: 7, taps: (2, 5), stride: 3, origin: -2),
  sample(2, (2, 3), channels: 6, taps: (7, 7), origin: -3),
  sample(1, (4, 4), channels: 20, taps: (2, 2), origin: 1),
  sample(1, (5, 5), channels: 3, taps: (1, 1), origin: -2),
  sample(1, (9, 9), channels: 17, taps: (2, 2), stride: 4, origin: 0),
]

private func sample(
  _ images: Int, _ plane: (Int64, Int64), channels: Int64, taps: (Int64, Int64), stride: Int64 = 1, origin: Int64
) -> (window: ck_window, images: Int) {
  // A row and a column more than fit, so that the last windows hang over the edge.
  let rows = max(1, (plane.0 - origin - taps.0) / stride + 2)
  let columns = max(1, (plane.1 - origin - taps.1) / stride + 2)
  let window = ck_window(
    height: plane.0, width: plane.1, channels: channels, rows: rows, columns: columns, tapRows: taps.0,
    tapColumns: taps.1, stride: stride, originRow: origin, originColumn: origin)
  return (window, images)
}

extension ck_window {
  /// Every (position of y, pixel of x) that a tap joins, as indices of elements; pixel nil outside of the image.
  fileprivate func pairs(images: Int) -> [(y: Int, x: Int?)] {
    var all: [(Int, Int?)] = []
    for n in 0..<images {
      for r in 0..<Int(rows) {
        for c in 0..<Int(columns) {
          for i in 0..<Int(tapRows) {
            for j in 0..<Int(tapColumns) {
              let pixelRow = r * Int(stride) + i + Int(originRow)
              let pixelColumn = c * Int(stride) + j + Int(originColumn)
              let isInside =
                pixelRow >= 0 && pixelRow < Int(height) && pixelColumn >= 0 && pixelColumn < Int(width)
              let pixel = (n * Int(height) + pixelRow) * Int(width) + pixelColumn
              for k in 0..<Int(channels) { all.append((all.count, isInside ? pixel * Int(channels) + k : nil)) }
            }
          }
        }
      }
    }
    return all
  }
}

@Suite("Window kernels")
struct UnfoldedWindowKernelTests {
  /// Sums of up to 49 products of float32.
  static let tolerance = 1e-5

  @Test("unfolding copies every tap and writes zeros outside of the image")
  func unfold() {
    for level in KernelLevel.all {
      for (window, images) in windows {
        var window = window
        let pairs = window.pairs(images: images)
        let x = numbers(images * Int(window.height * window.width * window.channels))
        let rows = images * Int(window.rows)
        let rowLength = pairs.count / rows
        for range in [0..<rows, rows / 2..<rows, 1..<max(1, rows - 1)] {
          let y = written(range.count * rowLength) {
            level.kernels.unfold(&window, x, $0, Int64(range.lowerBound), Int64(range.upperBound))
          }
          let expected: [Float] = pairs[(range.lowerBound * rowLength)..<(range.upperBound * rowLength)].map { pair in
            pair.x.map { x[$0] } ?? 0
          }
          #expect(bits(y) == bits(expected), "\(level), \(window), rows \(range)")
        }
      }
    }
  }

  @Test("unfolding copies NaN and infinity and never reads them into other taps")
  func unfoldNonFinite() {
    for level in KernelLevel.all {
      for (window, images) in windows {
        var window = window
        let pairs = window.pairs(images: images)
        var x = numbers(images * Int(window.height * window.width * window.channels))
        for index in stride(from: 0, to: x.count, by: 5) { x[index] = index % 2 == 0 ? .nan : .infinity }
        let y = written(pairs.count) {
          level.kernels.unfold(&window, x, $0, 0, Int64(images) * window.rows)
        }
        let expected: [Float] = pairs.map { pair in pair.x.map { x[$0] } ?? 0 }
        #expect(bits(y) == bits(expected), "\(level), \(window)")
      }
    }
  }

  @Test("folding sums all taps that reach a pixel, for any range of rows")
  func fold() {
    for level in KernelLevel.all {
      for (window, images) in windows {
        var window = window
        let pairs = window.pairs(images: images)
        // What lies behind y may be read, but must not matter.
        let y = numbers(pairs.count) + [Float](repeating: .nan, count: 16)
        let pixels = images * Int(window.height * window.width * window.channels)
        var expected = [Double](repeating: 0, count: pixels)
        for pair in pairs { if let x = pair.x { expected[x] += Double(y[pair.y]) } }
        let rows = images * Int(window.height)
        let rowLength = pixels / rows
        for range in [0..<rows, rows / 2..<rows, 1..<max(1, rows - 1)] {
          let x = written(range.count * rowLength) {
            level.kernels.fold(&window, y, 0, $0, Int64(range.lowerBound), Int64(range.upperBound))
          }
          let reference = Array(expected[(range.lowerBound * rowLength)..<(range.upperBound * rowLength)])
          #expect(distance(x, reference) <= Self.tolerance, "\(level), \(window), rows \(range)")
        }
      }
    }
  }
}
