import Communication
import Datasets
import Measures
import Tensors

/// How far images are from real ones, measured on the classifier's features (and roughness on pixels).
public struct QualityScores: Sendable, Equatable {
  /// Nil where there are not more images than features.
  public var frechet: Double?
  public var intraClassFrechet: Double?
  public var kernel: Estimate
  public var placement: Placement
  public var memorisation: Memorisation
  /// Energy of what a 3×3 mean takes away, over the same of training images, at most `mostRoughness`; nil for other than
  /// images.
  public var roughness: Double?
  /// Of vectors and sequences.
  public var columns: ColumnScores?

  /// Of images without any detail every sample is many times as rough: how many, says nothing.
  static let mostRoughness = 1_000.0

  /// What stands out against as many real samples, a sentence each.
  ///
  /// - Parameter layout: of the samples: what they and their columns are called.
  public func findings(against floor: QualityScores, layout: SampleLayout = SampleLayout()) -> [String] {
    func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }
    var found: [String] = []
    if placement.precision < 0.6 * floor.placement.precision {
      found.append(
        "Many look like no real image: only \(percent(placement.precision)) lie among them, of others that are real "
          + "\(percent(floor.placement.precision)).")
    }
    if placement.coverage < 0.6 * floor.placement.coverage {
      found.append(
        "They leave out much of what there is: \(percent(placement.coverage)) of the training images have one near by, "
          + "with real images \(percent(floor.placement.coverage)). A run that narrows goes on looking good one by one."
      )
    }
    if placement.recall < 0.5 * floor.placement.recall {
      found.append(
        "They are of few kinds: only \(percent(placement.recall)) of the training images lie among them, with real images "
          + "\(percent(floor.placement.recall)).")
    }
    if memorisation.copiedShare > 0.05 {
      found.append(
        "\(percent(memorisation.copiedShare)) lie nearer to a training image than nearly all held-out images do: "
          + "the generator repeats what it has seen.")
    }
    if let roughness, roughness > 1.5 {
      let times =
        switch roughness {
        case ..<10: percent(roughness) + " as rough as real images"
        case ..<Self.mostRoughness: "\(Int(roughness.rounded())) times as rough as real images"
        default: "over 1,000 times as rough as real images, which are smooth"
        }
      found.append("They are \(times): speckle.")
    }
    if let roughness, roughness < 0.6 {
      found.append("They are \(percent(roughness)) as rough as real images: blurred.")
    }
    found = found.map(layout.kind.worded)
    if let columns, let floor = floor.columns { found += columns.findings(against: floor, layout.columns) }
    return found
  }
}

extension ColumnScores {
  fileprivate func findings(against floor: ColumnScores, _ columns: [Column]) -> [String] {
    var found: [String] = []
    if worstKolmogorovSmirnov > 0.1 + 2 * floor.worstKolmogorovSmirnov {
      found.append(
        "Column \(columns.name(at: worstColumn)) is distributed otherwise than in real samples (Kolmogorov–Smirnov distance "
          + "\(hundredths(worstKolmogorovSmirnov)), of others that are real \(hundredths(floor.worstKolmogorovSmirnov)) at worst)."
      )
    }
    if let distance = correlationDistance, let usual = floor.correlationDistance, distance > 0.1 + 2 * usual {
      found.append(
        "Numbers go together otherwise than in real samples: correlations differ by \(hundredths(distance)).")
    }
    return found
  }

  private func hundredths(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}

/// Real images as samples are compared with them: made once for a run.
///
/// Samples are compared with a random half of the training images; the others make the floor, so that nothing but chance
/// tells the two apart. Held-out images may differ from training images more than samples do, where other people made them: they only
/// serve to find copies.
public final class QualityCheck {
  /// Of images that samples are compared with, and of the floor.
  public static let mostReal = 5_000
  /// What it takes at least.
  public static let fewestTraining = 4 * RealNeighbours.densityNeighbours

  private let work: SharedWork
  private let classes: Int
  private let real: RealNeighbours
  private let realMoments: Moments?
  private let realLabels: [Int]
  private let realRoughness: Double
  /// Roughness of images whose only detail is rounding.
  private let leastRoughness: Double
  /// Of vectors and sequences: how many columns, and real samples themselves.
  private let columns: Int?
  private let realValues: Features?
  let known: KnownImages
  /// Of the samples that were scored last.
  private(set) var sampled: Features?
  let trainingCount: Int
  /// What as many real images score, where there are so many: no model should be expected to do better.
  public let floor: QualityScores
  public let realCount: Int
  public let floorCount: Int
  public let heldOutCount: Int

  /// - Parameter samples: how many will be compared.
  public init(
    _ classifier: Classifier, dataset: Dataset, classes: Int, samples: Int, communicator: any Communicator
  ) throws {
    work = SharedWork(communicator)
    self.classes = classes
    let count = min(dataset.training.count, 2 * Self.mostReal)
    trainingCount = dataset.training.count
    let isImage = dataset.layout.kind == .images
    columns = isImage ? nil : dataset.layout.columns.count
    leastRoughness = isImage ? FeatureTable.roundingRoughness(shape: dataset.imageShape) : 0
    let measured = try FeatureTable.measure(
      dataset.training, count: count, classifier: classifier, keepsValues: !isImage, communicator: communicator)
    let (all, labels) = (measured.table, measured.labels)
    let order = Scattered.order(of: count)
    let (even, between) = (order[..<((count + 1) / 2)].sorted(), order[((count + 1) / 2)...].sorted())
    floorCount = min(between.count, samples)
    heldOutCount = min(dataset.test.count, samples)
    let test = try FeatureTable.measure(
      dataset.test, count: heldOutCount, classifier: classifier, communicator: communicator
    ).table
    // Spread over the set, as the samples over the classes.
    let chosen = Scattered.choose(floorCount, of: between.count).map { between[$0] }
    realCount = even.count
    known = try KnownImages(training: all.features, heldOut: test.features, work: work)
    real = try RealNeighbours(all.features.selecting(even), work: work)
    realMoments = try? Moments(real.features)
    realLabels = even.map { labels[$0] }
    realRoughness = even.reduce(0) { $0 + all.roughness[$1] } / Double(even.count)
    let kept = { (indices: [Int]) in all.values.map { all in all.selecting(indices.filter { $0 < all.count }) } }
    realValues = kept(even)
    let floorRoughness = Self.ratio(
      chosen.reduce(0) { $0 + all.roughness[$1] } / Double(chosen.count), to: realRoughness, least: leastRoughness)
    floor = try Self.scores(
      all.features.selecting(chosen), chosen.map { labels[$0] }, roughness: floorRoughness,
      columns: try Self.columnScores(kept(between), realValues, columns), classes: classes, real: real,
      moments: realMoments, realLabels: realLabels,
      copies: try Memorisation(of: test.features, against: known, work: work), work: work)
  }

  /// - Parameter table: of samples of class after class in turn.
  public func scores(_ table: FeatureTable) throws -> QualityScores {
    let found = try table.finish(work)
    sampled = found.features
    let roughness = found.roughness.reduce(0, +) / Double(max(1, found.roughness.count))
    return try Self.scores(
      found.features, (0..<found.features.count).map { $0 % classes },
      roughness: Self.ratio(roughness, to: realRoughness, least: leastRoughness),
      columns: try Self.columnScores(found.values, realValues, columns), classes: classes,
      real: real, moments: realMoments, realLabels: realLabels,
      copies: try Memorisation(of: Self.thinned(found.features), against: known, work: work), work: work)
  }

  /// Samples that neighbours are looked for of: twice as many take four times as long.
  public static let mostPlaced = 5_000

  private static func thinned(_ features: Features) -> Features {
    if features.count <= mostPlaced { return features }
    return features.selecting(Scattered.choose(mostPlaced, of: features.count))
  }

  private static func scores(
    _ features: Features, _ labels: [Int], roughness: Double?, columns: ColumnScores?, classes: Int,
    real: RealNeighbours, moments: Moments?, realLabels: [Int], copies: Memorisation, work: SharedWork
  ) throws -> QualityScores {
    let own = try? Moments(features)
    return QualityScores(
      frechet: own.flatMap { own in moments.map { frechetDistance(own, $0) } },
      intraClassFrechet: classes < 2
        ? nil
        : try intraClassFrechetDistance(
          features, real.features, labels: (labels, realLabels), classes: classes, work: work),
      kernel: try kernelDistance(features, real.features, work: work),
      placement: try Placement(of: thinned(features), among: real, work: work), memorisation: copies,
      roughness: roughness, columns: columns)
  }

  /// Detail below what rounding leaves counts as that much: images without any are as smooth as others without any.
  static func ratio(_ roughness: Double, to real: Double, least: Double) -> Double? {
    guard least > 0, !roughness.isNaN else { return nil }
    return min(QualityScores.mostRoughness, max(least, roughness) / max(least, real))
  }

  private static func columnScores(
    _ samples: Features?, _ real: Features?, _ columns: Int?
  ) throws -> ColumnScores? {
    guard let samples, let real, let columns else { return nil }
    return try ColumnScores(of: samples, among: real, columns: columns)
  }
}
