/// The first lines of a table, for deciding how it is written.
struct TableSketch {
  struct Row {
    let line: Int
    let fields: [TableParser.Field]
    let cells: [TableCell]
  }

  let parser: TableParser
  var rows: [Row] = []
  /// Behind the first row.
  private(set) var second = TableParser.Place()
  /// Of the quote that stays open.
  private(set) var error: DatasetError?

  /// Of tables with very many columns fewer lines are looked at.
  private static let (leastRows, mostFields) = (20, 1 << 19)

  init(_ text: TableText, separator: UInt8, from place: TableParser.Place, most: Int) {
    var walk = TableParser(text, separator: separator, from: place)
    var fields: [TableParser.Field] = []
    do throws(DatasetError) {
      var fieldCount = 0
      while rows.count < most, fieldCount < Self.mostFields || rows.count < Self.leastRows,
        try walk.next(into: &fields)
      {
        fieldCount += fields.count
        rows.append(Row(line: walk.line, fields: fields, cells: fields.map(walk.cell)))
        if rows.count == 1 { second = walk.place }
      }
    } catch { self.error = error }
    parser = walk
  }

  /// What the fields of a row say.
  func texts(_ row: Row) -> [String] { row.fields.map(parser.content) }

  /// The number of fields that most rows have; of equally many the larger one.
  var width: Int {
    let counts = Dictionary(grouping: rows, by: \.fields.count).mapValues(\.count)
    return counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? 0
  }
}

extension TableSketch {
  /// Lines of a table that are looked at for its separator.
  private static let compared = 200

  /// The tab, semicolon, comma or bar that divides the lines most evenly; of several that do the one between which
  /// most numbers stand.
  static func separator(of text: TableText, from place: TableParser.Place) -> UInt8 {
    var best: (separator: UInt8, score: (Int, Double, Double)) = (UInt8(ascii: ","), (-1, 0, 0))
    for separator in "\t;,|".utf8 {
      let sketch = TableSketch(text, separator: separator, from: place, most: compared)
      var below = sketch
      if below.rows.count > 1 { below.rows.removeFirst() }
      let width = below.width
      guard width > 1 else { continue }
      let even = sketch.rows.count { $0.fields.count == width }
      let cells = sketch.rows.flatMap(\.cells)
      let words = cells.count { $0 == .word }
      let score = (
        sketch.error == nil ? 1 : 0, Double(even) / Double(sketch.rows.count),
        1 - Double(words) / Double(cells.count)
      )
      if score > best.score { best = (separator, score) }
    }
    return best.separator
  }
}

/// What stands above a table: Excel's `sep=;`, and lines that begin with `#`.
struct TablePreamble {
  private(set) var separator: UInt8?
  /// Where lines that begin with # begin.
  private(set) var comments: [TableParser.Place] = []
  /// Where the table begins.
  private(set) var end = TableParser.Place()

  init(_ text: TableText) {
    let bytes = text.bytes
    if bytes.starts(with: "sep=".utf8), bytes.count > 6, bytes[5] == 10 || bytes[5] == 13 {
      separator = bytes[4]
      end = Self.next(bytes, end)
    }
    let begin = end
    while bytes[end.position] == UInt8(ascii: "#") {
      comments.append(end)
      end = Self.next(bytes, end)
    }
    // Then # begins a value.
    if end.position >= text.count { (comments, end) = ([], begin) }
  }

  /// Of a line that has the names.
  mutating func dropLastComment() { comments.removeLast() }

  private static func next(_ bytes: [UInt8], _ place: TableParser.Place) -> TableParser.Place {
    var position = place.position
    while ![0, 10, 13].contains(bytes[position]) { position += 1 }
    if bytes[position] == 13, bytes[position + 1] == 10 { position += 1 }
    return TableParser.Place(position: min(position + 1, bytes.count - 1), line: place.line + 1)
  }
}
