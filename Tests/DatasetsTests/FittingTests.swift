import Tensors
import Testing

@testable import Datasets

@Suite struct FittingTests {
  func fit(
    _ pixels: [UInt8], _ height: Int, _ width: Int, channels: Int = 1, to newHeight: Int, _ newWidth: Int,
    crops: Bool = true
  ) -> [UInt8] {
    var fitting = Fitting(to: Resolution(height: newHeight, width: newWidth), crops: crops)
    var result: [UInt8] = []
    fitting.append(pixels, size: Resolution(height: height, width: width), channels: channels, to: &result)
    return result
  }

  /// The mean over each output pixel's area, the obvious slow way, in double.
  private func areaMeans(
    _ pixels: [UInt8], _ width: Int, channels: Int, rows: (Double, Double), columns: (Double, Double), height: Int,
    to newHeight: Int, _ newWidth: Int
  ) -> [Double] {
    let overlap = { (from: Double, to: Double, i: Int) in max(0, min(to, Double(i + 1)) - max(from, Double(i))) }
    let (rowRatio, columnRatio) = (rows.1 / Double(newHeight), columns.1 / Double(newWidth))
    return (0..<newHeight * newWidth * channels).map { output in
      let (row, column, channel) = (output / channels / newWidth, output / channels % newWidth, output % channels)
      let (top, left) = (rows.0 + Double(row) * rowRatio, columns.0 + Double(column) * columnRatio)
      var sum = 0.0
      for y in 0..<height {
        for x in 0..<width {
          sum +=
            overlap(top, top + rowRatio, y) * overlap(left, left + columnRatio, x)
            * Double(pixels[(y * width + x) * channels + channel])
        }
      }
      return sum / (rowRatio * columnRatio)
    }
  }

  @Test("an image of the right size is copied")
  func identity() {
    let picture = gradient(height: 5, width: 7, channels: 3)
    #expect(fit(picture, 5, 7, channels: 3, to: 5, 7) == picture)
  }

  @Test("halving takes the exact mean of two by two pixels")
  func halved() {
    #expect(fit([0, 4, 10, 20, 8, 0, 30, 41], 2, 4, to: 1, 2) == [3, 25])  // 12/4 and 101/4 = 25.25
    #expect(fit([1, 2, 1, 2], 2, 2, to: 1, 1) == [2])  // 1.5: halves away from zero
  }

  @Test(
    "shrinking averages over areas, fractions of pixels included",
    arguments: [(48, 48, 32, 32), (37, 37, 16, 16), (33, 33, 32, 32), (20, 31, 8, 8), (41, 20, 8, 16), (64, 40, 5, 9)])
  func shrunk(height: Int, width: Int, newHeight: Int, newWidth: Int) {
    let picture = gradient(height: height, width: width, channels: 3)
    let ratio = min(Double(height) / Double(newHeight), Double(width) / Double(newWidth))
    let (rows, columns) = (ratio * Double(newHeight), ratio * Double(newWidth))
    let expected = areaMeans(
      picture, width, channels: 3, rows: ((Double(height) - rows) / 2, rows),
      columns: ((Double(width) - columns) / 2, columns), height: height, to: newHeight, newWidth)
    let result = fit(picture, height, width, channels: 3, to: newHeight, newWidth)
    #expect(result.count == expected.count)
    // Rounding takes half a unit; float32 sums of some hundred terms below 256 take 1e-3.
    #expect(zip(result, expected).allSatisfy { abs(Double($0) - $1) < 0.501 })
  }

  @Test("the middle is kept: of two rows or columns too many one goes on each side, an odd one at the end")
  func cropped() {
    #expect(fit([1, 2, 3, 4, 5, 6, 7, 8], 2, 4, to: 2, 2) == [2, 3, 6, 7])
    #expect(fit([1, 2, 3, 4, 5, 6, 7, 8], 4, 2, to: 2, 2) == [3, 4, 5, 6])
    #expect(fit([1, 2, 3, 4, 5, 6], 2, 3, to: 2, 2) == [1, 2, 4, 5])
  }

  @Test("without cropping the whole image is stretched")
  func stretched() {
    #expect(fit([10, 20, 30, 40, 50, 60, 70, 80], 2, 4, to: 2, 2, crops: false) == [15, 35, 55, 75])
    #expect(fit([0, 100], 1, 2, to: 2, 4, crops: false) == [0, 25, 75, 100, 0, 25, 75, 100])
  }

  @Test("enlarging is bilinear, as for the other data", arguments: [(8, 16), (5, 7), (1, 4), (13, 32)])
  func enlarged(size: Int, newSize: Int) {
    let picture = gradient(height: size, width: size, channels: 3)
    let expected = picture.withUnsafeBufferPointer {
      Resizing.bilinear(
        $0, from: [size, size, 3], to: Resolution(height: newSize, width: newSize), valueScale: 1)
    }
    let result = fit(picture, size, size, channels: 3, to: newSize, newSize)
    // Weights come about in another way: a value at a half may fall to either side.
    #expect(zip(result, expected).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
    #expect(zip(result, expected).filter { $0 != $1 }.count * 100 <= result.count)
  }

  @Test("weights sum to one and stay inside the image, a constant image stays constant")
  func constant() {
    for (size, newSize) in [(1, 1), (1, 4), (2, 7), (500, 32), (375, 128), (33, 32), (32, 33), (4000, 16)] {
      for span in [Double(size), Double(size) * 0.73] {
        let taps = Fitting.taps(size, span: span, to: newSize)
        for output in 0..<newSize {
          let weights = taps.weights[output * taps.count..<(output + 1) * taps.count]
          // Float sums of at most 251 terms.
          #expect(abs(weights.reduce(0, +) - 1) < 1e-5)
          #expect(weights.allSatisfy { $0 >= 0 })
          #expect(taps.first[output] >= 0 && taps.first[output] + taps.count <= size)
        }
      }
    }
    for (height, width) in [(50, 31), (3, 90), (7, 7)] {
      let pixels: [UInt8] = (0..<height * width).flatMap { _ in [10, 20, 255] as [UInt8] }
      #expect(
        fit(pixels, height, width, channels: 3, to: 9, 8) == (0..<72).flatMap { _ in [10, 20, 255] as [UInt8] })
    }
  }

  @Test("images of many sizes go through one after the other as each alone")
  func several() {
    var fitting = Fitting(to: Resolution(height: 8, width: 6), crops: true)
    for (height, width) in [(9, 9), (30, 12), (8, 6), (9, 9), (3, 4), (30, 12)] {
      let picture = gradient(height: height, width: width, channels: 1)
      var result: [UInt8] = []
      fitting.append(picture, size: Resolution(height: height, width: width), channels: 1, to: &result)
      #expect(result == fit(picture, height, width, to: 8, 6))
    }
  }
}
