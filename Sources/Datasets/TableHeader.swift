/// Whether the first line of a table has names or is a sample: it is compared with the lines below, column by column.
///
/// A word above numbers is a name, and so is a number above words. A number above numbers is a sample, and so is a word
/// that comes again below. Numbers that count 0, 1, 2, … or go on in equal steps, as no line below does, are names that a
/// program gave.
enum TableHeader: Equatable {
  case names
  /// Names, some of them numbers above numbers.
  case namesLikeNumbers
  /// Nothing speaks for either; taken for names.
  case undecided
  case sample

  /// - Parameter below: what follows `first`; `sketch` is where both are from.
  init(_ first: TableSketch.Row, above below: [TableSketch.Row], in sketch: TableSketch) {
    var votes = (names: 0, sample: 0)
    var recurs = false
    let width = min(first.cells.count, below.map(\.cells.count).max() ?? 0)
    for column in 0..<width {
      let rows = below.filter { $0.cells.count > column }
      let numbers = rows.count { if case .number = $0.cells[column] { true } else { false } }
      let words = rows.count { $0.cells[column] == .word }
      switch first.cells[column] {
      case .word where numbers > words: votes.names += 1
      case .word where words > 0:
        let text = sketch.parser.content(first.fields[column])
        recurs = recurs || rows.contains { sketch.parser.content($0.fields[column]) == text }
      case .number where numbers > words:
        // R puts names in quotes, and no numbers.
        let isQuotedAlone = first.fields[column].isQuoted && !rows.contains { $0.fields[column].isQuoted }
        if isQuotedAlone { votes.names += 1 } else { votes.sample += 1 }
      case .number where numbers == 0 && words > 1: votes.names += 1
      case .missing where column == 0 && first.fields[0].isEmpty && Self.counts(rows): votes.names += 1
      case .word, .number, .missing: break
      }
    }
    let isSeries = votes.sample > 0 && !recurs && Self.isSeries(first, above: below)
    let hasWords = first.cells.contains(.word)
    if below.isEmpty {
      self = hasWords ? .names : .sample
    } else if votes.names > 0 && votes.names >= votes.sample {
      self = votes.sample > 0 ? .namesLikeNumbers : .names
    } else if isSeries {
      self = .namesLikeNumbers
    } else {
      self = votes.sample > 0 || recurs || !hasWords ? .sample : .undecided
    }
  }

  /// Whether the first column counts the rows, from 0 or 1.
  static func counts(_ rows: [TableSketch.Row]) -> Bool {
    (0...1).contains { base in
      rows.enumerated().allSatisfy { $1.cells.first == .number(Double($0 + base), .none) }
    } && rows.count > 1
  }

  /// Whether the numbers of the first line go on in equal steps, as no line below does.
  private static func isSeries(_ first: TableSketch.Row, above below: [TableSketch.Row]) -> Bool {
    let columns = first.cells.indices.filter { if case .number = first.cells[$0] { true } else { false } }
    let isWhole = columns.allSatisfy { if case .number(_, .none) = first.cells[$0] { true } else { false } }
    // Few numbers go on in equal steps by chance.
    guard isWhole || columns.count > 4, let start = columns.first, case .number(let least, _) = first.cells[start]
    else {
      return false
    }
    let rows = below.filter { $0.cells.count == first.cells.count }
    let isPointed = rows.allSatisfy { row in
      columns.allSatisfy { if case .number(_, .none) = row.cells[$0] { false } else { true } }
    }
    // What pandas calls the only column of an array.
    if columns.count == 1 { return least == 0 && isPointed }
    guard let step = step(first, columns), !rows.contains(where: { Self.step($0, columns) != nil }) else {
      return false
    }
    let isCount = step == 1 && (least == 0 || least == 1)
    return isCount || columns.count > 3 || columns.count == 3 && isPointed || isBeyond(first, rows, columns)
  }

  /// Whether every number of the first line is above or below all those in its column: years above prices.
  private static func isBeyond(_ first: TableSketch.Row, _ rows: [TableSketch.Row], _ columns: [Int]) -> Bool {
    guard rows.count >= RowSelection.stride else { return false }
    return columns.allSatisfy { column in
      let numbers = rows.compactMap {
        if case .number(let x, _) = $0.cells[column] { x } else { Optional<Double>.none }
      }
      guard case .number(let x, _) = first.cells[column], let least = numbers.min(), let most = numbers.max() else {
        return false
      }
      return x < least || x > most
    }
  }

  /// The difference of neighbours, where it is the same between all and not 0.
  private static func step(_ row: TableSketch.Row, _ columns: [Int]) -> Double? {
    let numbers = columns.map { if case .number(let x, _) = row.cells[$0] { x } else { Double.nan } }
    let steps = zip(numbers.dropFirst(), numbers).map { $0 - $1 }
    guard let step = steps.first, step.isFinite, step != 0 else { return nil }
    return steps.allSatisfy { abs($0 - step) <= 1e-9 * abs(step) } ? step : nil
  }
}
