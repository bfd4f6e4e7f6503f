/// Numbers that are known when a network is exported, row by row.
struct FixedTensor {
  let shape: [Int]
  var numbers: [Float]

  init(shape: [Int], numbers: [Float]) {
    precondition(shape.reduce(1, *) == numbers.count, "\(numbers.count) numbers for \(shape)")
    self.shape = shape
    self.numbers = numbers
  }

  /// Extent of the last axis; 1 for a scalar.
  var columns: Int { shape.last ?? 1 }

  func isAll(_ number: Float) -> Bool { numbers.allSatisfy { $0 == number } }

  /// One number for each of so many columns; nil where rows differ.
  func perColumn(_ columns: Int) -> [Float]? {
    if numbers.count == 1 { return Array(repeating: numbers[0], count: columns) }
    return numbers.count == columns && self.columns == columns ? numbers : nil
  }

  func reshaped(to shape: [Int]) -> FixedTensor { FixedTensor(shape: shape, numbers: numbers) }

  /// Axes of extent 1 in front, up to `rank` of them all.
  func padded(to rank: Int) -> FixedTensor {
    reshaped(to: Array(repeating: 1, count: max(0, rank - shape.count)) + shape)
  }

  /// The axes in another order, as NumPy's `transpose`.
  func transposed(_ axes: [Int]) -> FixedTensor {
    precondition(axes.sorted() == Array(shape.indices), "axes \(axes) of \(shape)")
    var strides = Array(repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    let extents = axes.map { shape[$0] }
    var result: [Float] = []
    result.reserveCapacity(numbers.count)
    var place = Array(repeating: 0, count: axes.count)
    for _ in numbers.indices {
      result.append(numbers[zip(axes, place).reduce(0) { $0 + strides[$1.0] * $1.1 }])
      for axis in axes.indices.reversed() {
        place[axis] += 1
        if place[axis] < extents[axis] { break }
        place[axis] = 0
      }
    }
    return FixedTensor(shape: extents, numbers: result)
  }

  /// Every column times its factor.
  func scaled(by factors: [Float]) -> FixedTensor {
    var result = self
    for index in numbers.indices { result.numbers[index] *= factors[index % factors.count] }
    return result
  }
}
