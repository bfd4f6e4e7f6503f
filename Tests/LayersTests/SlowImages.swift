import Tensors

/// Channels-last images and what blocks do with them, as obvious loops in float64.
struct SlowImages {
  let shape: Shape
  let numbers: [Double]

  init(_ shape: Shape, _ numbers: [Double]) {
    precondition(shape.count == numbers.count, "\(numbers.count) numbers for \(shape)")
    (self.shape, self.numbers) = (shape, numbers)
  }

  /// Numbers by sample, row, column and channel.
  init(_ shape: Shape, _ number: (Int, Int, Int, Int) -> Double) {
    var numbers: [Double] = []
    for n in 0..<shape[0] {
      for i in 0..<shape[1] {
        for j in 0..<shape[2] {
          for c in 0..<shape[3] { numbers.append(number(n, i, j, c)) }
        }
      }
    }
    self.init(shape, numbers)
  }

  /// 0 outside of the image.
  subscript(n: Int, i: Int, j: Int, c: Int) -> Double {
    guard (0..<shape[1]).contains(i), (0..<shape[2]).contains(j) else { return 0 }
    return numbers[((n * shape[1] + i) * shape[2] + j) * shape[3] + c]
  }

  static func + (a: SlowImages, b: SlowImages) -> SlowImages {
    SlowImages(a.shape, zip(a.numbers, b.numbers).map { $0 + $1 })
  }

  /// By an odd kernel `[k, k, C, K]`, zeros around.
  func convolved(_ kernel: SlowImages) -> SlowImages {
    let middle = kernel.shape[0] / 2
    return SlowImages([shape[0], shape[1], shape[2], kernel.shape[3]]) { n, i, j, k in
      var sum = 0.0
      for a in 0..<kernel.shape[0] {
        for b in 0..<kernel.shape[1] {
          for c in 0..<shape[3] { sum += self[n, i + a - middle, j + b - middle, c] * kernel[a, b, c, k] }
        }
      }
      return sum
    }
  }

  func adding(channels: [Double]) -> SlowImages { SlowImages(shape) { self[$0, $1, $2, $3] + channels[$3] } }

  var rectified: SlowImages { SlowImages(shape, numbers.map { max($0, 0) }) }

  var upsampled: SlowImages {
    SlowImages([shape[0], 2 * shape[1], 2 * shape[2], shape[3]]) { self[$0, $1 / 2, $2 / 2, $3] }
  }

  /// `combine` of the four numbers of every 2×2 square.
  func squares(_ combine: ([Double]) -> Double) -> SlowImages {
    SlowImages([shape[0], shape[1] / 2, shape[2] / 2, shape[3]]) { n, i, j, c in
      combine([(0, 0), (0, 1), (1, 0), (1, 1)].map { self[n, 2 * i + $0.0, 2 * j + $0.1, c] })
    }
  }

  var pooled: SlowImages { squares { $0.reduce(0, +) / 4 } }

  /// (x − mean)/√(variance + 10⁻⁵) per channel over all samples.
  var standardized: SlowImages {
    let count = Double(shape.leading)
    let channels = (0..<shape[3]).map { channel in
      let own = stride(from: channel, to: numbers.count, by: shape[3]).map { numbers[$0] }
      let mean = own.reduce(0, +) / count
      return (mean, own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count)
    }
    return SlowImages(shape) {
      (self[$0, $1, $2, $3] - channels[$3].0) / (channels[$3].1 + 1e-5).squareRoot()
    }
  }

  /// gain[row]·x + bias[row], with the row of tables `[rows, C]` that belongs to each sample.
  func scaled(_ gain: SlowImages, adding bias: SlowImages, rows: [Int]) -> SlowImages {
    SlowImages(shape) { n, i, j, c in
      let place = rows[n] * shape[3] + c
      return self[n, i, j, c] * gain.numbers[place] + bias.numbers[place]
    }
  }
}
