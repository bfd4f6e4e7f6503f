/// What has been seen of a column of a table, over all its lines.
struct TableColumn {
  /// A field that stands for others of its kind.
  struct Example {
    let line: Int
    let text: String
  }

  /// A column with more different values is rather none of classes.
  static let mostClasses = 100

  /// In the table.
  let place: Int
  private(set) var numberCount = 0
  private(set) var missingCount = 0
  private(set) var wordCount = 0
  private(set) var firstWord: Example?
  /// The first that is missing or infinite.
  private(set) var firstGap: Example?
  private(set) var firstComma: Example?
  private(set) var firstPoint: Example?
  /// Different ones, not many more than `mostClasses`.
  private var words: Set<String> = []
  /// Whether the numbers so far are those of the lines, from 0 or 1 on.
  private var (countsFromZero, countsFromOne) = (true, true)

  init(place: Int) { self.place = place }

  /// Takes the next line's field.
  ///
  /// - Parameters:
  ///   - row: samples before.
  ///   - example: the field, for messages.
  /// - Returns: its number, NaN where it has none.
  mutating func add(_ cell: TableCell, row: Int, example: () -> Example) -> Double {
    switch cell {
    case .number(let number, let mark):
      numberCount += 1
      if countsFromZero { countsFromZero = number == Double(row) }
      if countsFromOne { countsFromOne = number == Double(row + 1) }
      if mark == .point, firstPoint == nil { firstPoint = example() }
      if mark == .comma, firstComma == nil { firstComma = example() }
      if !number.isFinite, firstGap == nil { firstGap = example() }
      return number
    case .missing:
      missingCount += 1
      if firstGap == nil { firstGap = example() }
      return .nan
    case .word:
      wordCount += 1
      if firstWord == nil { firstWord = example() }
      if words.count <= Self.mostClasses { words.insert(example().text) }
      return .nan
    }
  }

  var isEmpty: Bool { numberCount + wordCount == 0 }

  /// Whether it numbers the lines.
  var isIndex: Bool { numberCount > 1 && missingCount + wordCount == 0 && (countsFromZero || countsFromOne) }

  /// Whether words in it are more likely slips, or numbers as they are not read here, than its nature.
  var isMeantAsNumbers: Bool {
    numberCount >= 9 * wordCount || firstWord.map { TableCell.resemblesNumber($0.text) } ?? false
  }

  /// Whether it has words that come again and again.
  var mayHaveClasses: Bool { words.count <= Self.mostClasses && words.count * 2 <= wordCount }
}
