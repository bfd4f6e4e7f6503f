import COpenBLAS

/// Mean and covariance of features.
public struct Moments: Sendable {
  public let count: Int
  let mean: [Double]
  /// `[width, width]`, Σ (x − mean)(x − mean)ᵀ / (count − 1).
  let covariance: [Double]

  /// - Throws: where there are not more samples than features, or some are not finite.
  public init(_ features: Features, measure: String = "Fréchet distance") throws(MeasureError) {
    let (n, width) = (features.count, features.width)
    guard n > width else { throw .tooFew(measure: measure, count: n, needed: width + 1) }
    guard features.areFinite else { throw .notFinite(measure: measure) }
    count = n
    var mean = [Double](repeating: 0, count: width)
    // Blocks have sums of their own, which are added in their order.
    for first in stride(from: 0, to: n, by: Features.blockSize) {
      var sum = [Double](repeating: 0, count: width)
      for row in first..<min(n, first + Features.blockSize) {
        for j in 0..<width { sum[j] += features.values[row * width + j] }
      }
      for j in 0..<width { mean[j] += sum[j] }
    }
    for j in 0..<width { mean[j] /= Double(n) }
    var covariance = [Double](repeating: 0, count: width * width)
    var centered = [Double](repeating: 0, count: Features.blockSize * width)
    for first in stride(from: 0, to: n, by: Features.blockSize) {
      let rows = min(Features.blockSize, n - first)
      for index in 0..<rows * width { centered[index] = features.values[first * width + index] - mean[index % width] }
      cblas_dgemm(
        CblasRowMajor, CblasTrans, CblasNoTrans, Int32(width), Int32(width), Int32(rows), 1 / Double(n - 1), centered,
        Int32(width), centered, Int32(width), 1, &covariance, Int32(width))
    }
    (self.mean, self.covariance) = (mean, covariance)
  }
}

/// The Fréchet distance of two normal distributions with these moments.
///
///     |μ₁ − μ₂|² + tr(C₁ + C₂ − 2·(C₁^½ C₂ C₁^½)^½)
///
/// - Source: Dowson, Landau: The Fréchet distance between multivariate normal distributions, 1982; of features of images:
///   Heusel et al.: GANs trained by a two time-scale update rule, 2017 (with Inception's features, which these are not).
public func frechetDistance(_ a: Moments, _ b: Moments) -> Double {
  let width = a.mean.count
  precondition(width == b.mean.count, "features of \(width) and \(b.mean.count)")
  let shift = zip(a.mean, b.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  let root = SymmetricEigen(a.covariance, width: width).squareRoot
  let inner = product(product(root, b.covariance, width), root, width)
  let traceOfRoot = SymmetricEigen(inner, width: width).values.reduce(0) { $0 + max(0, $1).squareRoot() }
  let trace = (0..<width).reduce(0) { $0 + a.covariance[$1 * width + $1] + b.covariance[$1 * width + $1] }
  return max(0, shift + trace - 2 * traceOfRoot)
}

private func product(_ a: [Double], _ b: [Double], _ width: Int) -> [Double] {
  var result = [Double](repeating: 0, count: width * width)
  let n = Int32(width)
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a, n, b, n, 0, &result, n)
  return result
}

/// Eigenvalues and eigenvectors of a symmetric matrix, by LAPACK.
struct SymmetricEigen {
  let values: [Double]
  /// Row k belongs to value k.
  private let vectors: [Double]

  init(_ matrix: [Double], width: Int) {
    // Rounding leaves products of symmetric matrices not quite so.
    var a = matrix
    for i in 0..<width {
      for j in 0..<i {
        let mean = (matrix[i * width + j] + matrix[j * width + i]) / 2
        (a[i * width + j], a[j * width + i]) = (mean, mean)
      }
    }
    var n = Int32(width)
    var (workSize, wholeSize) = (Int32(1 + 6 * width + 2 * width * width), Int32(3 + 5 * width))
    var values = [Double](repeating: 0, count: width)
    var work = [Double](repeating: 0, count: Int(workSize))
    var whole = [Int32](repeating: 0, count: Int(wholeSize))
    var info: Int32 = 0
    var (job, triangle) = (CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "L")))
    var leading = n
    dsyevd_(&job, &triangle, &n, &a, &leading, &values, &work, &workSize, &whole, &wholeSize, &info, 1, 1)
    precondition(info == 0, "dsyevd: \(info)")
    (self.values, vectors) = (values, a)
  }

  /// Σ √max(0, value) · vector vectorᵀ
  var squareRoot: [Double] {
    let width = values.count
    var scaled = vectors
    for k in 0..<width {
      let root = max(0, values[k]).squareRoot()
      for j in 0..<width { scaled[k * width + j] *= root }
    }
    var result = [Double](repeating: 0, count: width * width)
    let n = Int32(width)
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n, n, n, 1, scaled, n, vectors, n, 0, &result, n)
    return result
  }
}

/// The mean over classes of the Fréchet distance between the features of a class in both sets; nil where a class has too
/// few of them in one.
///
/// - Parameter labels: the class of each row, of `a` and of `b`.
/// - Source: Miyato, Koyama: cGANs with projection discriminator, 2018 (intra FID).
public func intraClassFrechetDistance(
  _ a: Features, _ b: Features, labels: (a: [Int], b: [Int]), classes: Int, work: SharedWork = SharedWork()
) throws -> Double? {
  // Of each class; and how many could not be compared.
  var distances = [Double](repeating: 0, count: classes + 1)
  for label in work.own(of: classes) {
    let rows = { (labels: [Int]) in labels.indices.filter { labels[$0] == label } }
    if let first = try? Moments(a.selecting(rows(labels.a))), let second = try? Moments(b.selecting(rows(labels.b))) {
      distances[label] = frechetDistance(first, second)
    } else {
      distances[classes] += 1
    }
  }
  try work.sum(&distances)
  return distances[classes] > 0 ? nil : distances.dropLast().reduce(0, +) / Double(classes)
}
