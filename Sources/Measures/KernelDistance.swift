/// A value and how sure it is.
public struct Estimate: Sendable, Equatable {
  public let value: Double
  /// Of the mean of several estimates.
  public let standardError: Double
}

/// The squared maximum mean discrepancy of two sets of features by a polynomial kernel, without bias: 0 on the average
/// where both come from one distribution, so it can be below.
///
///     k(x, y) = (x·y / width + 1)³
///     Σ k(x, x′)/(m(m−1)) + Σ k(y, y′)/(m(m−1)) − 2·Σ k(x, y)/m²,  x ≠ x′, y ≠ y′
///
/// The mean over parts of up to 1,000 samples of each set, which do not overlap; its error is that of this mean. Sets that
/// are enough for one part only have their halves, thirds … as parts, so that there is an error.
///
/// - Source: Bińkowski et al.: Demystifying MMD GANs, 2018 (whose parts are drawn at random).
public func kernelDistance(_ a: Features, _ b: Features, work: SharedWork = SharedWork()) throws -> Estimate {
  let count = min(a.count, b.count)
  let parts = kernelParts(count)
  guard let size = parts.first?.count, size >= 2 else {
    throw MeasureError.tooFew(measure: "kernel distance", count: count, needed: 8)
  }
  guard a.areFinite, b.areFinite else { throw MeasureError.notFinite(measure: "kernel distance") }
  // The longer set is thinned.
  let rows = (a: Scattered.choose(count, of: a.count), b: Scattered.choose(count, of: b.count))
  var found = [Double](repeating: 0, count: parts.count)
  for index in work.own(of: parts.count) {
    let (x, y) = (a.selecting(parts[index].map { rows.a[$0] }), b.selecting(parts[index].map { rows.b[$0] }))
    let m = Double(size)
    found[index] =
      (kernelSum(x, x, skipsDiagonal: true) + kernelSum(y, y, skipsDiagonal: true)) / (m * (m - 1))
      - 2 * kernelSum(x, y, skipsDiagonal: false) / (m * m)
  }
  try work.sum(&found)
  let n = Double(found.count)
  let mean = found.reduce(0, +) / n
  let variance = found.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
  return Estimate(value: mean, standardError: (variance / n).squareRoot())
}

/// At least four parts of equal size, none longer than 1,000, of rows in a random order, always the same: whether classes come
/// in turns or one after the other, all parts look alike.
func kernelParts(_ count: Int) -> [[Int]] {
  let parts = max(4, (count + 999) / 1000)
  let size = count / parts
  let order = Scattered.order(of: count)
  return (0..<parts).map { part in Array(order[part * size..<(part + 1) * size]) }
}

private func kernelSum(_ a: Features, _ b: Features, skipsDiagonal: Bool) -> Double {
  let scale = 1 / Double(a.width)
  func cube(_ product: Double) -> Double {
    let x = product * scale + 1
    return x * x * x
  }
  var total = 0.0
  withUnsafeTemporaryAllocation(of: Double.self, capacity: Features.blockSize * b.count) { products in
    for first in stride(from: 0, to: a.count, by: Features.blockSize) {
      let rows = first..<min(a.count, first + Features.blockSize)
      a.products(rows, with: b, 0..<b.count, into: products)
      let raw = UnsafeRawBufferPointer(products)
      let count = rows.count * b.count
      // Eight sums side by side, always the same numbers in each.
      var sums = SIMD8<Double>.zero
      for index in stride(from: 0, to: count - 7, by: 8) {
        let x = raw.loadUnaligned(fromByteOffset: 8 * index, as: SIMD8<Double>.self) * scale + 1
        sums += x * x * x
      }
      var sum = sums.sum()
      for index in (count / 8 * 8)..<count { sum += cube(products[index]) }
      if skipsDiagonal { for row in rows { sum -= cube(products[(row - first) * b.count + row]) } }
      total += sum
    }
  }
  return total
}
