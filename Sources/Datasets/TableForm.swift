import Files

/// How a table is written: what separates its fields, what its columns are called, and where its samples begin.
struct TableForm {
  let text: TableText
  let separator: UInt8
  /// Of every column, each once; that of a column without a name is its number.
  let names: [String]
  /// Columns without a name where others have one.
  let unnamed: Set<Int>
  /// Where the first sample begins.
  let start: TableParser.Place
  /// What was decided, a sentence each.
  let notes: [String]

  /// Lines that are looked at before names are told from samples.
  private static let looked = 1_000

  init(_ text: TableText) throws(DatasetError) {
    self.text = text
    var preamble = TablePreamble(text)
    separator = preamble.separator ?? TableSketch.separator(of: text, from: preamble.end)
    var sketch = TableSketch(text, separator: separator, from: preamble.end, most: Self.looked)
    guard let first = sketch.rows.first else {
      throw sketch.error
        ?? DatasetError(
          file: text.path, reason: text.count == 0 ? "is empty" : "no line of data",
          remedy: "give a line of names, then a line a sample")
    }
    var notes: [String] = []
    var header: [String]?
    if let (row, texts) = Self.commented(preamble, above: sketch) {
      header = texts
      start = preamble.end
      preamble.dropLastComment()
      notes.append("the names are those of line \(grouped(row.line)), which begins with #")
    } else {
      let texts = sketch.texts(first)
      let shown = texts.map { $0.isEmpty ? "\"\"" : $0 }.joined(separator: ", ")
      let line =
        "line \(grouped(first.line)) is taken for names (\(clipped(shown, atMost: 120)))"
      sketch.rows.removeFirst()
      switch TableHeader(first, above: sketch.rows, in: sketch) {
      case .sample:
        sketch.rows.insert(first, at: 0)
        notes.append("no line of names: the columns are called 1, 2, 3, …")
      case .names: header = texts
      case .namesLikeNumbers:
        header = texts
        notes.append("\(line); if it is a sample, put a line of names above it")
      case .undecided:
        header = texts
        notes.append("\(line), though the lines below are alike")
      }
      start = header == nil ? preamble.end : sketch.second
    }
    if !preamble.comments.isEmpty {
      notes.append("lines above the table that begin with # are passed over: \(grouped(preamble.comments.count))")
    }
    guard !sketch.rows.isEmpty else {
      throw sketch.error ?? DatasetError(file: text.path, reason: "no line of data", remedy: "give a line a sample")
    }
    (names, unnamed) = Self.names(header.map { Self.fitted($0, to: sketch) }, width: first.fields.count)
    self.notes = notes
    try check(sketch)
  }

  /// The line with # right above a table, where it has the names: as NumPy writes them.
  private static func commented(
    _ preamble: TablePreamble, above sketch: TableSketch
  ) -> (row: TableSketch.Row, texts: [String])? {
    guard var place = preamble.comments.last else { return nil }
    while [UInt8(ascii: "#"), 32].contains(sketch.parser.text.bytes[place.position]) { place.position += 1 }
    let comment = TableSketch(sketch.parser.text, separator: sketch.parser.separator, from: place, most: 1)
    guard let row = comment.rows.first, row.line == place.line, row.fields.count == sketch.width else { return nil }
    var texts = comment.texts(row)
    if row.fields.count == 1, texts[0].contains(" ") { return nil }
    guard TableHeader(row, above: sketch.rows, in: sketch) == .names else { return nil }
    if texts[0].isEmpty { texts[0] = "#" }
    return (row, texts)
  }

  /// Names for as many columns as the lines below have, where one more or less has a usual reason.
  private static func fitted(_ header: [String], to sketch: TableSketch) -> [String] {
    let width = sketch.width
    if header.count == width + 1, header.last == "" { return header.dropLast() }
    guard header.count + 1 == width else { return header }
    let rows = sketch.rows.filter { $0.fields.count == width }
    // A separator at the end of every line but the first.
    if rows.allSatisfy({ $0.fields[width - 1].isEmpty }) { return header + [""] }
    // R's names of rows.
    let areNames = rows.allSatisfy { $0.cells[0] == .word || $0.fields[0].isQuoted } || TableHeader.counts(rows)
    return areNames ? [""] + header : header
  }

  private static func names(_ header: [String]?, width: Int) -> (names: [String], unnamed: Set<Int>) {
    guard var names = header?.map(escaped) else { return ((0..<width).map { String($0 + 1) }, []) }
    let unnamed = names.indices.filter { names[$0].isEmpty || isPlaceholder(names[$0]) }
    for column in unnamed {
      let number = String(column + 1)
      names[column] = names.contains(number) ? "column \(number)" : number
    }
    return (names, Set(unnamed))
  }

  /// `Unnamed: 0`, as pandas calls a column that has no name in a file.
  private static func isPlaceholder(_ name: String) -> Bool {
    let word = "Unnamed: "
    return name.hasPrefix(word) && Double(name.dropFirst(word.count)) != nil
  }

  private func check(_ sketch: TableSketch) throws(DatasetError) {
    if let twice = Dictionary(grouping: names, by: { $0 }).first(where: { $1.count > 1 })?.key {
      throw DatasetError(
        file: text.path, reason: "two columns are called \(twice.debugDescription)", remedy: "name each once")
    }
    guard names.count == 1, let row = sketch.rows.first else { return }
    let parts = sketch.texts(row)[0].split { $0 == " " || $0 == "\t" }.map { $0.filter { $0 != "\"" } }
    guard parts.count < 2 || parts.contains(where: { Double($0) == nil }) else {
      throw sketch.parser.error(
        line: row.line, "blanks divide the numbers", "put commas, semicolons or tabs between them")
    }
  }
}
