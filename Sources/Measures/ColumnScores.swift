#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How far vectors or sequences are from real ones, number by number: no feature network stands between.
public struct ColumnScores: Sendable, Equatable {
  /// Largest difference of the two empirical distribution functions of a column; the worst column, and which one that is.
  ///
  /// - Source: Kolmogorov, 1933; Smirnov, 1948.
  public let worstKolmogorovSmirnov: Double
  public let worstColumn: Int
  public let meanKolmogorovSmirnov: Double
  /// Mean over random directions of the Wasserstein-1 distance of the projections.
  ///
  /// - Source: Bonneel, Rabin, Peyré, Pfister: Sliced and Radon Wasserstein barycenters of measures, 2015.
  public let slicedWasserstein: Double
  /// Mean over pairs of numbers of the difference of their correlation coefficients; nil for single numbers.
  public let correlationDistance: Double?

  /// Directions of the sliced distance.
  static let directions = 128
  /// Numbers of a row whose pairs are looked at.
  static let mostCorrelated = 512

  /// - Parameter columns: number i of a row is of column i mod `columns` (a sequence's channels take turns).
  /// - Throws: where a number is not finite.
  public init(of samples: Features, among real: Features, columns: Int) throws(MeasureError) {
    precondition(samples.width == real.width && samples.width % columns == 0, "\(columns) columns of \(samples.width)")
    guard samples.areFinite, real.areFinite else { throw .notFinite(measure: "Kolmogorov–Smirnov distance") }
    let distances = (0..<columns).map { column in
      kolmogorovSmirnov(samples.column(column, of: columns), real.column(column, of: columns))
    }
    worstColumn = distances.indices.max { distances[$0] < distances[$1] } ?? 0
    worstKolmogorovSmirnov = distances[worstColumn]
    meanKolmogorovSmirnov = distances.reduce(0, +) / Double(columns)
    var random = Directions()
    let sliced = (0..<Self.directions).map { _ in
      let direction = random.next(samples.width)
      return wasserstein(samples.projected(on: direction), real.projected(on: direction))
    }
    slicedWasserstein = sliced.reduce(0, +) / Double(Self.directions)
    let width = min(samples.width, Self.mostCorrelated)
    guard width > 1 else {
      correlationDistance = nil
      return
    }
    let (a, b) = (samples.correlations(first: width), real.correlations(first: width))
    var total = 0.0
    for i in 0..<width { for j in 0..<i { total += abs(a[i * width + j] - b[i * width + j]) } }
    correlationDistance = total / Double(width * (width - 1) / 2)
  }
}

/// sup |F_a − F_b|.
func kolmogorovSmirnov(_ a: [Double], _ b: [Double]) -> Double {
  let (a, b) = (a.sorted(), b.sorted())
  var (i, j, most) = (0, 0, 0.0)
  while i < a.count, j < b.count {
    let x = min(a[i], b[j])
    while i < a.count, a[i] <= x { i += 1 }
    while j < b.count, b[j] <= x { j += 1 }
    most = max(most, abs(Double(i) / Double(a.count) - Double(j) / Double(b.count)))
  }
  return most
}

/// ∫ |F_a − F_b|, the Wasserstein-1 distance of two sets of numbers.
func wasserstein(_ a: [Double], _ b: [Double]) -> Double {
  let (a, b) = (a.sorted(), b.sorted())
  var (i, j, total) = (0, 0, 0.0)
  var last = min(a.first ?? 0, b.first ?? 0)
  while i < a.count || j < b.count {
    let x = min(i < a.count ? a[i] : .infinity, j < b.count ? b[j] : .infinity)
    total += (x - last) * abs(Double(i) / Double(a.count) - Double(j) / Double(b.count))
    last = x
    while i < a.count, a[i] <= x { i += 1 }
    while j < b.count, b[j] <= x { j += 1 }
  }
  return total
}

extension Features {
  fileprivate func column(_ column: Int, of columns: Int) -> [Double] {
    stride(from: column, to: values.count, by: columns).map { values[$0] }
  }

  fileprivate func projected(on direction: [Double]) -> [Double] {
    (0..<count).map { row in
      var sum = 0.0
      for k in 0..<width { sum += values[row * width + k] * direction[k] }
      return sum
    }
  }

  /// Pearson's coefficients of the first numbers of a row; those of a constant are 0.
  fileprivate func correlations(first: Int) -> [Double] {
    var means = [Double](repeating: 0, count: first)
    for row in 0..<count { for k in 0..<first { means[k] += values[row * width + k] / Double(count) } }
    var products = [Double](repeating: 0, count: first * first)
    for row in 0..<count {
      for i in 0..<first {
        let x = values[row * width + i] - means[i]
        for j in 0...i { products[i * first + j] += x * (values[row * width + j] - means[j]) }
      }
    }
    let roots = (0..<first).map { products[$0 * first + $0].squareRoot() }
    for i in 0..<first {
      for j in 0...i {
        let scale = roots[i] * roots[j]
        products[i * first + j] = scale > 0 ? products[i * first + j] / scale : 0
      }
    }
    return products
  }
}

/// The same random directions every time: normal numbers (Box, Muller, 1958) over SplitMix64 (Steele, Lea, Flood, 2014),
/// brought to length 1.
private struct Directions {
  private var state: UInt64 = 1

  private mutating func uniform() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return (Double((z ^ (z >> 31)) >> 11) + 0.5) / 9_007_199_254_740_992
  }

  mutating func next(_ width: Int) -> [Double] {
    let normal = (0..<width).map { _ in (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()) }
    let length = normal.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return normal.map { $0 / length }
  }
}
