import Files

/// Which columns of a table are named for what.
struct TableRoles {
  let label: Int?
  let conditions: [Int]
  /// Empty: all that suit.
  let data: [Int]
  /// Of all columns whose numbers may be used.
  let candidates: [Int]

  init(_ form: TableForm, options: LoadingOptions) throws(DatasetError) {
    let (names, path) = (form.names, form.text.path)
    func place(_ name: String, _ key: String) throws(DatasetError) -> Int {
      guard let index = names.firstIndex(of: name) else {
        throw DatasetError(
          file: path, reason: "no column \(name.debugDescription), as \(key) asks for",
          remedy: "there are \(clipped(names.joined(separator: ", "), atMost: 300))")
      }
      return index
    }
    let label = try options.labelColumn.map { name throws(DatasetError) in try place(name, "data.label") }
    var (conditions, data): ([Int], [Int]) = ([], [])
    for name in options.conditionColumns { conditions.append(try place(name, "data.conditions")) }
    for name in options.columns { data.append(try place(name, "data.columns")) }
    if let twice = data.first(where: { conditions.contains($0) || $0 == label }) {
      throw DatasetError(
        file: path, reason: "column \(names[twice]) is to be learned and conditioned on", remedy: "name it once")
    }
    for (key, places) in [("data.conditions", conditions), ("data.columns", data)]
    where Set(places).count < places.count {
      throw DatasetError(file: path, reason: "\(key) names a column twice", remedy: "name it once")
    }
    (self.label, self.conditions, self.data) = (label, conditions, data)
    candidates =
      data.isEmpty ? names.indices.filter { $0 != label || conditions.contains($0) } : Set(data + conditions).sorted()
  }
}

/// Which columns of a table are learned, and what is to be said of the others.
struct TableChoice {
  /// In `TableContent.columns`.
  private(set) var data: [Int] = []
  private(set) var conditions: [Int] = []
  private(set) var notes: [String] = []
  private(set) var complaints: [String] = []
  private let form: TableForm
  private let content: TableContent

  /// - Throws: where a column that is used has words among its numbers, has no number, or has two decimal marks.
  init(_ content: TableContent, _ form: TableForm, _ roles: TableRoles) throws(DatasetError) {
    (self.form, self.content) = (form, content)
    let places = Dictionary(uniqueKeysWithValues: content.columns.enumerated().map { ($1.place, $0) })
    conditions = roles.conditions.compactMap { places[$0] }
    if roles.data.isEmpty {
      try choose(from: content.columns.indices.filter { !conditions.contains($0) }, roles)
    } else {
      data = roles.data.compactMap { places[$0] }
    }
    let used = (data + conditions).map { content.columns[$0] }
    if let column = used.filter({ $0.wordCount > 0 }).min(by: { ($0.firstWord?.line ?? 0) < ($1.firstWord?.line ?? 0) })
    {
      throw noNumber(column)
    }
    if let column = used.first(where: \.isEmpty) {
      throw DatasetError(
        file: form.text.path, reason: "column \(name(column)) is empty in all lines",
        remedy: "leave it out of data.columns and data.conditions")
    }
    guard !data.isEmpty else {
      throw DatasetError(
        file: form.text.path,
        reason: "no column of numbers is left to learn" + (notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))"),
        remedy: "name some in data.columns")
    }
    guard data.count <= 65_536 else {
      throw DatasetError(
        file: form.text.path, reason: "\(grouped(data.count)) columns", remedy: "give at most 65,536")
    }
    try checkMarks(used)
  }

  private func name(_ column: TableColumn) -> String { form.names[column.place] }

  private func list(_ columns: [TableColumn]) -> String {
    let shown = columns.map { name($0) + (form.unnamed.contains($0.place) ? " (which has no name)" : "") }
    return clipped(shown.joined(separator: ", "), atMost: 300)
  }

  private mutating func choose(from candidates: [Int], _ roles: TableRoles) throws(DatasetError) {
    var (indices, words, empty): ([TableColumn], [TableColumn], [TableColumn]) = ([], [], [])
    // What comes before the first name are names of rows.
    let firstNamed = form.names.indices.first { !form.unnamed.contains($0) } ?? 0
    for index in candidates {
      let column = content.columns[index]
      if column.isEmpty {
        empty.append(column)
      } else if column.place < firstNamed || column.isIndex {
        indices.append(column)
      } else if column.isMeantAsNumbers {
        data.append(index)
      } else if column.numberCount == 0 {
        words.append(column)
      } else {
        complaints.append(mixed(column))
      }
    }
    if !words.isEmpty {
      let classes = roles.label == nil && roles.conditions.isEmpty ? words.first(where: \.mayHaveClasses) : nil
      let option = classes.map { "; one with the class is named by \(form.option(label: $0.place))" } ?? ""
      notes.append("columns that are no numbers are not used: \(list(words))\(option)")
    }
    if !empty.isEmpty { notes.append("columns that are empty are not used: \(list(empty))") }
    if !indices.isEmpty {
      notes.append(
        "columns that number the lines are not used: \(list(indices)); to learn them: \(option(adding: indices))")
    }
  }

  /// The option that learns columns together with those that are learned anyway.
  private func option(adding columns: [TableColumn]) -> String {
    form.option("data.columns", (columns + data.map { content.columns[$0] }).map(\.place).sorted())
  }

  private func mixed(_ column: TableColumn) -> String {
    let word = column.firstWord.map { ", the first \(shown($0.text)) in line \(grouped($0.line))" } ?? ""
    return "column \(name(column)) is not used: it has \(grouped(column.numberCount)) numbers and "
      + "\(grouped(column.wordCount)) words\(word)"
  }

  private func shown(_ text: String) -> String { clipped(text.debugDescription, atMost: 40) }

  private func noNumber(_ column: TableColumn) -> DatasetError {
    DatasetError(
      file: form.text.path,
      reason: "line \(grouped(column.firstWord?.line ?? 0)): column \(name(column)) is "
        + "\(shown(column.firstWord?.text ?? "")), no number"
        + (column.wordCount > 1 ? ", as in \(grouped(column.wordCount)) lines" : ""),
      remedy:
        "write it as 1234.5, name the column in data.label if it is a class, or name those to learn in data.columns")
  }

  /// A table has one decimal mark: of `1.234` and `1,5` one has digits in groups.
  private mutating func checkMarks(_ used: [TableColumn]) throws(DatasetError) {
    guard let comma = used.first(where: { $0.firstComma != nil }), let example = comma.firstComma else { return }
    if let point = used.first(where: { $0.firstPoint != nil }), let other = point.firstPoint {
      throw DatasetError(
        file: form.text.path,
        reason: "line \(grouped(example.line)): column \(name(comma)) is \(shown(example.text)) with a decimal comma, "
          + "line \(grouped(other.line)): column \(name(point)) is \(shown(other.text)) with a point",
        remedy: "write all numbers with a point")
    }
    notes.append(
      "numbers have decimal commas: \(name(comma)) in line \(grouped(example.line)) is read as "
        + example.text.split(separator: ",", omittingEmptySubsequences: false).joined(separator: "."))
  }
}
