import Files
import Tensors

/// The samples of a table with its columns chosen.
struct TableRows {
  let content: TableContent
  let form: TableForm
  let roles: TableRoles
  let choice: TableChoice

  init(_ content: TableContent, _ form: TableForm, _ roles: TableRoles, _ choice: TableChoice) {
    (self.content, self.form, self.roles, self.choice) = (content, form, roles, choice)
  }

  var path: String { form.text.path }

  func name(_ column: Int) -> String { form.names[content.columns[column].place] }

  func number(_ column: Int, of row: Int) -> Double { content.numbers[row * content.columns.count + column] }

  /// Rows with a class, and with a finite number in all columns that are used.
  ///
  /// - Throws: where rows lack one and none is to be dropped, or too few are left.
  func kept(dropping: Bool) throws(DatasetError) -> [Int] {
    let used = choice.data + choice.conditions
    let withNumbers = (0..<content.rowCount).filter { row in used.allSatisfy { number($0, of: row).isFinite } }
    let classes = content.classes
    let kept = classes.map { classes in withNumbers.filter { !classes[$0].isEmpty } } ?? withNumbers
    if !dropping {
      if let example = content.firstWithoutClass, let label = roles.label {
        throw DatasetError(
          file: path,
          reason:
            "\(lines(classes?.count(where: \.isEmpty) ?? 0)) no class in column \(form.names[label]), the first is "
            + "line \(grouped(example.line)) (\(example.text.debugDescription))",
          remedy: "write the class there, under another word if it is called so, or leave such lines out with "
            + "--drop-nonfinite")
      }
      let columns = used.map { content.columns[$0] }.filter { $0.firstGap != nil }
      if let column = columns.min(by: { ($0.firstGap?.line ?? 0) < ($1.firstGap?.line ?? 0) }),
        let gap = column.firstGap
      {
        let others = columns.count == 1 ? "" : ", \(columns.count) columns have such"
        throw DatasetError(
          file: path,
          reason: "\(lines(content.rowCount - withNumbers.count)) no finite number in a column, the first is line "
            + "\(grouped(gap.line)) (\(form.names[column.place]) is \(gap.text.debugDescription))\(others)",
          remedy: "mend them, leave such lines out with --drop-nonfinite, or such columns by data.columns")
      }
    }
    guard kept.count >= RowSelection.stride else {
      throw DatasetError(
        file: path, reason: "\(grouped(kept.count)) samples are too few to hold some out",
        remedy: "give at least \(RowSelection.stride)")
    }
    return kept
  }

  private func lines(_ count: Int) -> String {
    "\(grouped(count)) of \(grouped(content.rowCount)) lines \(count == 1 ? "has" : "have")"
  }

  /// How columns are scaled.
  func columns(_ columns: [Int], of rows: [Int], keepsFlags: Bool) -> [Column] {
    guard !columns.isEmpty else { return [] }
    var scan = NumberScan(columns: columns.count, rowSize: columns.count)
    for row in rows { for column in columns { scan.add(number(column, of: row)) } }
    return scan.scaled(names: columns.map(name), keepsFlags: keepsFlags)
  }

  /// Network values as a set holds them, row after row.
  func samples(_ columns: [Int], of rows: [Int], _ scaled: [Column]) -> PixelBytes {
    let block = MemoryBlock(byteCount: rows.count * columns.count * MemoryLayout<Float>.size)
    var place = 0
    for row in rows {
      for (column, scale) in zip(columns, scaled) {
        block.floats[place] = Float(scale.value(of: number(column, of: row)))
        place += 1
      }
    }
    return PixelBytes(block, 0..<block.byteCount)
  }

  /// Network values, row after row.
  func values(_ columns: [Int], of rows: [Int], _ scaled: [Column]) -> [Float] {
    var values: [Float] = []
    values.reserveCapacity(rows.count * columns.count)
    for row in rows {
      for (column, scale) in zip(columns, scaled) { values.append(Float(scale.value(of: number(column, of: row)))) }
    }
    return values
  }

  /// Names of the classes in their order, and the class of every row.
  func classes(of rows: [Int], most: Int) throws(DatasetError) -> (names: [String], labels: [Int32]) {
    guard let classes = content.classes, let label = roles.label else {
      return ([Dataset.unlabelled], [Int32](repeating: 0, count: rows.count))
    }
    let names = ClassNames.sorted(rows.map { classes[$0] })
    guard names.count <= most else {
      throw DatasetError(
        file: path, reason: "column \(form.names[label]) has \(grouped(names.count)) classes",
        remedy: "for a quantity name it in data.conditions, or raise model.condition.size")
    }
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
    return (names, rows.map { places[classes[$0]] ?? 0 })
  }
}
