/// Squared distances of features, tile by tile.
enum Distances {
  /// Columns of a tile: 64 rows of so many are 512 KB.
  static let columns = 1024

  /// Calls `body` with the squared distances of this rank's rows of `a` from rows of `b`, tile by tile, columns from the
  /// first to the last.
  static func forOwnTiles(
    _ a: Features, _ b: Features, _ work: SharedWork,
    _ body: (_ rows: Range<Int>, _ columns: Range<Int>, UnsafeMutableBufferPointer<Double>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: Features.blockSize * columns) { tile in
      for block in work.own(of: (a.count + Features.blockSize - 1) / Features.blockSize) {
        let rows = block * Features.blockSize..<min(a.count, (block + 1) * Features.blockSize)
        for first in stride(from: 0, to: b.count, by: columns) {
          let range = first..<min(b.count, first + columns)
          a.products(rows, with: b, range, into: tile)
          b.squares.withUnsafeBufferPointer { squares in
            for row in rows {
              guard let line = tile.baseAddress.map({ $0 + (row - rows.lowerBound) * range.count }),
                let others = squares.baseAddress.map({ $0 + first })
              else { return }
              let square = a.squares[row]
              for column in 0..<range.count { line[column] = max(0, square + others[column] - 2 * line[column]) }
            }
          }
          body(rows, range, tile)
        }
      }
    }
  }
}

/// Squared distances of each row of `a` from its nearest rows of `b`.
///
/// - Parameter isSame: `a` and `b` are one set, and no row is its own neighbour.
/// - Shapes: result `[a.count, k]`, ascending.
public func nearestDistances(
  of a: Features, among b: Features, k: Int, isSame: Bool, work: SharedWork = SharedWork()
) throws -> [Double] {
  var nearest = [Double](repeating: 0, count: a.count * k)
  Distances.forOwnTiles(a, b, work) { rows, columns, tile in
    nearest.withUnsafeMutableBufferPointer { nearest in
      for row in rows {
        let list = row * k
        if columns.lowerBound == 0 { for i in 0..<k { nearest[list + i] = .infinity } }
        let line = (row - rows.lowerBound) * columns.count
        var worst = nearest[list + k - 1]
        guard let distances = tile.baseAddress.map({ $0 + line }) else { return }
        for column in 0..<columns.count where distances[column] < worst {
          if isSame, columns.lowerBound + column == row { continue }
          var place = k - 1
          while place > 0, nearest[list + place - 1] > distances[column] {
            nearest[list + place] = nearest[list + place - 1]
            place -= 1
          }
          nearest[list + place] = distances[column]
          worst = nearest[list + k - 1]
        }
      }
    }
  }
  try work.sum(&nearest)
  return nearest
}

/// Real images that others are compared with, and how far their neighbours are.
public struct RealNeighbours: Sendable {
  /// Neighbours that precision and recall go to, and density and coverage.
  public static let precisionNeighbours = 3
  public static let densityNeighbours = 5

  public let features: Features
  /// Squared: of the third and the fifth neighbour.
  let precisionRadii: [Double]
  let densityRadii: [Double]

  /// - Throws: where there are too few.
  public init(_ features: Features, work: SharedWork = SharedWork()) throws {
    let k = Self.densityNeighbours
    guard features.count > k else {
      throw MeasureError.tooFew(measure: "density and coverage", count: features.count, needed: k + 1)
    }
    guard features.areFinite else { throw MeasureError.notFinite(measure: "precision and recall") }
    let nearest = try nearestDistances(of: features, among: features, k: k, isSame: true, work: work)
    self.features = features
    precisionRadii = (0..<features.count).map { nearest[$0 * k + Self.precisionNeighbours - 1] }
    densityRadii = (0..<features.count).map { nearest[$0 * k + k - 1] }
  }
}

/// How well samples lie among real images, and how well they cover them.
///
/// With balls around every real image (and for recall around every sample) that reach to its k-th neighbour: the share of
/// samples in any ball (precision), of real images in any ball of a sample (recall), in how many balls a sample lies over k
/// (density, 1 for real images), and the share of balls with a sample in them (coverage).
///
/// - Source: Kynkäänniemi et al.: Improved precision and recall metric for assessing generative models, 2019 (k = 3);
///   Naeem et al.: Reliable fidelity and diversity metrics for generative models, 2020 (k = 5).
public struct Placement: Sendable, Equatable {
  public let precision: Double
  public let recall: Double
  public let density: Double
  public let coverage: Double

  public init(of samples: Features, among real: RealNeighbours, work: SharedWork = SharedWork()) throws {
    let k = RealNeighbours.precisionNeighbours
    guard samples.count > k else {
      throw MeasureError.tooFew(measure: "precision and recall", count: samples.count, needed: k + 1)
    }
    guard samples.areFinite else { throw MeasureError.notFinite(measure: "precision and recall") }
    let nearest = try nearestDistances(of: samples, among: samples, k: k, isSame: true, work: work)
    let n = real.features.count
    // Samples in a ball, balls around samples; then for each real image whether a sample's ball holds it, and its own one.
    var counts = [Double](repeating: 0, count: 2 + 2 * n)
    var isInside = [Bool](repeating: false, count: samples.count)
    Distances.forOwnTiles(samples, real.features, work) { rows, columns, tile in
      counts.withUnsafeMutableBufferPointer { counts in
        real.precisionRadii.withUnsafeBufferPointer { precisionRadii in
          real.densityRadii.withUnsafeBufferPointer { densityRadii in
            guard let recalled = counts.baseAddress.map({ $0 + 2 + columns.lowerBound }),
              let near = precisionRadii.baseAddress.map({ $0 + columns.lowerBound }),
              let far = densityRadii.baseAddress.map({ $0 + columns.lowerBound })
            else { return }
            let covered = recalled + n
            var balls = 0.0
            for row in rows {
              guard let line = tile.baseAddress.map({ $0 + (row - rows.lowerBound) * columns.count }) else { return }
              let radius = nearest[row * k + k - 1]
              var inside = 0.0
              // Without branches, so that the compiler makes vectors of it.
              for column in 0..<columns.count {
                let distance = line[column]
                let isCovered: Double = distance <= far[column] ? 1 : 0
                inside += distance <= near[column] ? 1 : 0
                balls += isCovered
                covered[column] = max(covered[column], isCovered)
                recalled[column] = max(recalled[column], distance <= radius ? 1 : 0)
              }
              if inside > 0 { isInside[row] = true }
            }
            counts[1] += balls
          }
        }
      }
    }
    counts[0] = Double(isInside.count { $0 })
    try work.sum(&counts)
    precision = counts[0] / Double(samples.count)
    density = counts[1] / Double(RealNeighbours.densityNeighbours * samples.count)
    recall = Double(counts[2..<2 + n].count { $0 > 0 }) / Double(n)
    coverage = Double(counts[(2 + n)...].count { $0 > 0 }) / Double(n)
  }
}

/// Images that were trained on, and how near held-out ones come to them.
public struct KnownImages: Sendable {
  let training: Features
  /// Squared, ascending.
  let heldOutDistances: [Double]

  public init(training: Features, heldOut: Features, work: SharedWork = SharedWork()) throws {
    guard heldOut.count > 0, training.count > 0 else {
      throw MeasureError.tooFew(measure: "copies", count: 0, needed: 1)
    }
    self.training = training
    heldOutDistances = try nearestDistances(of: heldOut, among: training, k: 1, isSame: false, work: work).sorted()
  }
}

/// Whether samples repeat images that were trained on.
public struct Memorisation: Sendable, Equatable {
  /// The median distance of a sample from its nearest training image, over the same of held-out images.
  public let medianRatio: Double
  /// The share of samples nearer to a training image than all but a hundredth of the held-out images are: 0.01 where
  /// nothing is repeated.
  public let copiedShare: Double

  public init(of samples: Features, against known: KnownImages, work: SharedWork = SharedWork()) throws {
    guard samples.count > 0 else { throw MeasureError.tooFew(measure: "copies", count: 0, needed: 1) }
    let sampled = try nearestDistances(of: samples, among: known.training, k: 1, isSame: false, work: work)
    let real = known.heldOutDistances
    let median = { (values: [Double]) in values.sorted()[values.count / 2].squareRoot() }
    medianRatio = median(real) > 0 ? median(sampled) / median(real) : .infinity
    let limit = real[real.count / 100]
    copiedShare = Double(sampled.count { $0 < limit }) / Double(sampled.count)
  }
}
