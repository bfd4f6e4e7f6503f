import Files

/// What has been seen of the numbers of some columns: ranges, moments, and rows with numbers that are not finite.
struct NumberScan {
  struct ColumnSummary {
    var least = Double.infinity
    var most = -Double.infinity
    /// Of numbers less the first one: large numbers that differ little keep their digits.
    var shift = 0.0
    var sum = 0.0
    var squares = 0.0
    var count = 0

    var mean: Double { count > 0 ? shift + sum / Double(count) : 0 }
    var deviation: Double {
      count > 0 ? max(0, squares / Double(count) - (sum / Double(count)) * (sum / Double(count))).squareRoot() : 0
    }

    mutating func add(_ x: Double) {
      if count == 0 { shift = x }
      let d = x - shift
      sum += d
      squares += d * d
      count += 1
      least = min(least, x)
      most = max(most, x)
    }
  }

  private(set) var columns: [ColumnSummary]
  /// Rows with NaN or infinity, in order.
  private(set) var nonFiniteRows: [Int] = []
  private(set) var nonFiniteCount = 0
  /// Column of the first number that is not finite.
  private(set) var firstColumn = 0
  private var index = 0
  private let rowSize: Int

  /// - Parameter rowSize: numbers in a row, a multiple of `columns`; they take turns.
  init(columns: Int, rowSize: Int) {
    self.columns = Array(repeating: ColumnSummary(), count: columns)
    self.rowSize = rowSize
  }

  /// Takes the next number, row after row.
  mutating func add(_ x: Double) {
    let (row, place) = index.quotientAndRemainder(dividingBy: rowSize)
    let column = place % columns.count
    index += 1
    guard x.isFinite else {
      nonFiniteCount += 1
      if nonFiniteRows.isEmpty { firstColumn = column }
      if nonFiniteRows.last != row { nonFiniteRows.append(row) }
      return
    }
    columns[column].add(x)
  }

  var least: Double { columns.map(\.least).min() ?? 0 }
  var most: Double { columns.map(\.most).max() ?? 0 }

  /// Columns scaled to mean 0 and deviation 1; those that only have 0 and 1, and those that never change, keep their unit.
  func scaled(names: [String], keepsFlags: Bool) -> [Column] {
    zip(names, columns).map { name, column in
      if keepsFlags, column.least >= 0, column.most <= 1, isFlag(column) { return Column(name: name) }
      let unit = column.deviation
      // What differs by rounding only is constant.
      let isConstant = unit <= 1e-12 * max(abs(column.least), abs(column.most))
      return Column(name: name, center: column.mean, unit: isConstant ? 1 : unit)
    }
  }

  /// Only 0 and 1: there x² = x.
  private func isFlag(_ column: ColumnSummary) -> Bool {
    guard column.count > 0, [0, 1].contains(column.least), [0, 1].contains(column.most) else { return false }
    let n = Double(column.count)
    let sum = column.sum + n * column.shift
    let squares = column.squares + 2 * column.shift * column.sum + n * column.shift * column.shift
    return abs(squares - sum) < 1e-9 * n
  }
}

extension DatasetError {
  /// Samples that no network can be trained on.
  static func nonFinite(_ scan: NumberScan, of count: Int, what: String, names: [String], file: String) -> DatasetError
  {
    let row = scan.nonFiniteRows.first ?? 0
    let column = names.indices.contains(scan.firstColumn) ? " (\(names[scan.firstColumn]))" : ""
    return DatasetError(
      file: file,
      reason: "\(grouped(scan.nonFiniteRows.count)) of \(grouped(count)) samples have NaN or infinity in \(what), "
        + "the first is sample \(grouped(row))\(column)",
      remedy: "mend them, or leave such samples out with --drop-nonfinite")
  }
}
