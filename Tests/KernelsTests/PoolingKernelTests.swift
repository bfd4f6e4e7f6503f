import CKernels
import Testing

@testable import Kernels

@Suite("Pooling kernels")
struct PoolingKernelTests {
  static let shapes = [(1, 2, 2, 1), (2, 4, 6, 3), (1, 6, 2, 16), (3, 2, 8, 17), (1, 4, 4, 40), (2, 8, 4, 128)].map {
    Pooling(images: $0, height: $1, width: $2, channels: $3)
  }
  /// All rows, and two ranges whose union is all rows.
  private func splits(_ pooling: Pooling) -> [[Range<Int>]] {
    let middle = (pooling.pooledRows + 1) / 2
    return [[0..<pooling.pooledRows], [middle..<pooling.pooledRows, 0..<middle]]
  }

  @Test("average pooling is the mean times the factor, to the bit")
  func average() {
    for level in KernelLevel.all {
      for pooling in Self.shapes {
        let x = numbers(4 * pooling.smallCount)
        let expected = (0..<pooling.smallCount).map { index in
          let p = pooling.pixels(index)
          return ((x[p[0]] + x[p[1]]) + (x[p[2]] + x[p[3]])) * (1.5 * 0.25)
        }
        for ranges in splits(pooling) {
          let y = written(pooling.smallCount) { y in
            for rows in ranges {
              level.kernels.average_pool(
                x, y, Int64(pooling.width), Int64(pooling.channels), 1.5, Int64(rows.lowerBound),
                Int64(rows.upperBound))
            }
          }
          #expect(bits(y) == bits(expected), "\(level), \(pooling)")
        }
      }
    }
  }

  @Test("upsampling repeats 2×2 and scales")
  func upsample() {
    for level in KernelLevel.all {
      for pooling in Self.shapes {
        let x = numbers(pooling.smallCount)
        var expected = [Float](repeating: 0, count: 4 * pooling.smallCount)
        for index in x.indices { for pixel in pooling.pixels(index) { expected[pixel] = 0.25 * x[index] } }
        for ranges in splits(pooling) {
          let y = written(expected.count) { y in
            for rows in ranges {
              level.kernels.upsample(
                x, y, Int64(pooling.width), Int64(pooling.channels), 0.25, Int64(rows.lowerBound),
                Int64(rows.upperBound))
            }
          }
          #expect(bits(y) == bits(expected), "\(level), \(pooling)")
        }
      }
    }
  }

  @Test("max pooling picks the first of the largest, gathers what lies there and scatters back to it")
  func maximum() {
    for level in KernelLevel.all {
      for pooling in Self.shapes {
        // Few values, so that most windows hold ties; with infinities and both zeros.
        let values: [Float] = [-.infinity, -1, -0.0, 0, 2, .infinity]
        let x = numbers(4 * pooling.smallCount, in: 0...5.99, seed: 4).map { values[Int($0)] }
        let (g, small) = (numbers(x.count, seed: 5), numbers(pooling.smallCount, seed: 6))
        var gathered = [Float](repeating: 0, count: pooling.smallCount)
        var scattered = [Float](repeating: 0, count: x.count)
        for index in gathered.indices {
          var best = pooling.pixels(index)[0]
          for pixel in pooling.pixels(index) where x[pixel] > x[best] { best = pixel }
          gathered[index] = g[best]
          scattered[best] = small[index]
        }
        let (width, channels) = (Int64(pooling.width), Int64(pooling.channels))
        for ranges in splits(pooling) {
          let gather = written(gathered.count) { y in
            for rows in ranges {
              level.kernels.max_pool_gather(
                x, g, y, width, channels, Int64(rows.lowerBound), Int64(rows.upperBound))
            }
          }
          let scatter = written(scattered.count) { y in
            for rows in ranges {
              level.kernels.max_pool_scatter(
                x, small, y, width, channels, Int64(rows.lowerBound), Int64(rows.upperBound))
            }
          }
          #expect(bits(gather) == bits(gathered), "\(level), \(pooling)")
          #expect(bits(scatter) == bits(scattered), "\(level), \(pooling)")
        }
      }
    }
  }

  @Test("NaN counts as largest wherever it stands, the first of several")
  func maximumOfNaN() {
    for level in KernelLevel.all {
      for mask in 1..<16 {
        for channels in [1, 16] {
          let x = (0..<(4 * channels)).map { index -> Float in
            (mask >> (index / channels)) & 1 == 1 ? .nan : index / channels == 1 ? .infinity : 1
          }
          let places = (0..<(4 * channels)).map { Float($0 / channels) }
          let y = written(channels) { level.kernels.max_pool_gather(x, places, $0, 2, Int64(channels), 0, 1) }
          #expect(y == [Float](repeating: Float(mask.trailingZeroBitCount), count: channels), "\(level), \(mask)")
          let pooled = written(channels) { level.kernels.max_pool_gather(x, x, $0, 2, Int64(channels), 0, 1) }
          #expect(pooled.allSatisfy { $0.isNaN }, "\(level), \(mask)")
        }
      }
    }
  }

  @Test("the Swift face runs all rows unless told which")
  func face() {
    let pooling = Pooling(images: 2, height: 4, width: 6, channels: 3)
    var x = numbers(4 * pooling.smallCount)
    var g = numbers(pooling.smallCount, seed: 7)
    let pooled = written(pooling.smallCount) { y in
      x.withUnsafeMutableBufferPointer { x in
        guard let x = x.baseAddress else { return }
        pooling.maxGather(x: x, g: x, y: y)
      }
    }
    let largest: [Float] = (0..<pooling.smallCount).map { index in pooling.pixels(index).map { x[$0] }.max() ?? .nan }
    #expect(pooled == largest)
    let scattered = written(x.count) { pooling.maxScatter(x: &x, g: &g, y: $0) }
    // ⟨gather(z), g⟩ = ⟨z, scatter(g)⟩ with z = x.
    let left = zip(pooled, g).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    let right = zip(x, scattered).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    #expect(abs(left - right) <= 1e-12 * max(1, abs(left)))
    let average = written(pooling.smallCount) { y in
      pooling.average(x: &x, y: y, factor: 4, rows: 2..<4)
      pooling.average(x: &x, y: y, factor: 4, rows: 0..<2)
    }
    let upsampled = written(x.count) { pooling.upsample(x: &g, y: $0) }
    for index in average.indices {
      let p = pooling.pixels(index)
      #expect(average[index] == (x[p[0]] + x[p[1]]) + (x[p[2]] + x[p[3]]))
      #expect(p.allSatisfy { upsampled[$0] == g[index] })
    }
  }
}

extension Pooling {
  fileprivate var smallCount: Int { images * height * width * channels / 4 }

  /// Offsets of the four elements that element `index` of the small images covers, row by row.
  fileprivate func pixels(_ index: Int) -> [Int] {
    let (channel, position) = (index % channels, index / channels)
    let (row, column) = (position / (width / 2), position % (width / 2))
    return [(0, 0), (0, 1), (1, 0), (1, 1)].map { i, j in
      ((2 * row + i) * width + 2 * column + j) * channels + channel
    }
  }
}
