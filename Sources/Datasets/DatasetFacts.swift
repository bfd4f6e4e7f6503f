import Files

/// What there is to know about a data set before anything is trained on it.
public struct DatasetFacts: Sendable {
  /// Network values of a column over the training samples, in the data's units.
  public struct Range: Sendable {
    public let name: String
    public let least: Double
    public let mean: Double
    public let deviation: Double
    public let most: Double
  }

  public let summary: String
  public let storage: String
  public let ranges: [Range]
  /// How dark and how light the pixels are; nil of other data.
  public let brightness: String?
  /// Training and held-out samples of every class.
  public let classes: [(name: String, training: Int, test: Int)]
  /// Nil where the data are too large to look for them.
  public let duplicates: Duplicates?
  public let notes: [String]
  public let warnings: [String]

  /// - Parameter most: samples that are looked at for ranges, spread over the set.
  public init(_ dataset: Dataset, most: Int = 2_000) {
    summary = dataset.summary
    let set = dataset.training
    let bytes = (set.count + dataset.test.count) * set.imageShape.count * set.format.elementBytes
    storage =
      "stored as \(set.format.elementBytes == 1 ? "bytes" : "float32"), \(grouped(bytes)) bytes, "
      + (set.isMapped ? "read where they lie in the file" : "in memory")
    ranges = Self.ranges(of: dataset, most: most)
    brightness = Self.brightness(of: dataset, ranges.first)
    let counts = (set.counts(classes: dataset.classCount), dataset.test.counts(classes: dataset.classCount))
    classes = dataset.classNames.indices.map { (dataset.classNames[$0], counts.0[$0], counts.1[$0]) }
    duplicates = bytes > Dataset.mostCheckedBytes ? nil : Duplicates(dataset)
    notes = dataset.notes
    warnings = dataset.warnings
  }

  private static func ranges(of dataset: Dataset, most: Int) -> [Range] {
    let set = dataset.training
    let columns = dataset.layout.explicit.columns
    var scan = NumberScan(columns: columns.count, rowSize: set.imageShape.count)
    var sample = [Float](repeating: 0, count: set.imageShape.count)
    let count = min(most, set.count)
    for place in 0..<count { set.prefetch(index: place * set.count / count) }
    for place in 0..<count {
      sample.withUnsafeMutableBufferPointer {
        if let start = $0.baseAddress { set.write(index: place * set.count / count, to: start) }
      }
      for value in sample { scan.add(Double(value)) }
    }
    let given = zip(columns, scan.columns).map { range(of: $0, $1) }
    guard let conditions = set.conditions else { return given }
    var quantities = NumberScan(columns: conditions.width, rowSize: conditions.width)
    for value in conditions.values { quantities.add(Double(value)) }
    return given + zip(dataset.layout.conditions, quantities.columns).map { range(of: $0, $1) }
  }

  /// `the darkest pixel is 0 %, the brightest 98 % of white; 0 is black, 255 white`
  private static func brightness(of dataset: Dataset, _ found: Range?) -> String? {
    guard dataset.layout.kind == .images, let found else { return nil }
    let column = dataset.layout.pixels
    let share = { (number: Double) in PixelChoice.percent((column.value(of: number) + 1) / 2) }
    return "the darkest pixel is \(share(found.least)), the brightest \(share(found.most)) of white; "
      + "\(PixelRange.text(column.number(of: -1))) is black, \(PixelRange.text(column.number(of: 1))) white"
  }

  private static func range(of column: Column, _ found: NumberScan.ColumnSummary) -> Range {
    Range(
      name: column.name, least: column.number(of: found.least), mean: column.number(of: found.mean),
      deviation: found.deviation * column.unit, most: column.number(of: found.most))
  }
}
