import Files

/// The samples of a table: numbers of the columns that may be used, and classes.
struct TableContent {
  private(set) var columns: [TableColumn]
  /// Of `columns`, row after row; NaN where there is none.
  private(set) var numbers: [Double] = []
  /// Of every row, empty where it has none; nil without a column of classes.
  private(set) var classes: [String]?
  private(set) var firstWithoutClass: TableColumn.Example?
  private(set) var rowCount = 0
  /// Lines behind the last sample that have separators only.
  private(set) var emptyLines: [Int] = []

  /// Reads all lines.
  ///
  /// - Parameters:
  ///   - places: of the columns whose numbers are wanted.
  ///   - label: of the column with the class.
  init(_ form: TableForm, columns places: [Int], label: Int?) throws(DatasetError) {
    columns = places.map(TableColumn.init)
    classes = label == nil ? nil : []
    // A field takes a byte at least.
    let mostRows = 1 + form.text.bytes.count { $0 == 10 || $0 == 13 }
    numbers.reserveCapacity(min(form.text.count, mostRows.multipliedReportingOverflow(by: places.count).partialValue))
    var parser = TableParser(form.text, separator: form.separator, from: form.start)
    var fields: [TableParser.Field] = []
    while try parser.next(into: &fields) {
      guard fields.count == form.names.count else {
        throw parser.error(
          "\(fields.count) fields, the first line has \(form.names.count)",
          "mend the line; fields with \(Self.shown(form.separator)) need quotes, lines above the table a #")
      }
      if fields[0].isEmpty, fields.allSatisfy(\.isEmpty) {
        emptyLines.append(parser.line)
        continue
      }
      for line in emptyLines { addEmptyRow(line: line) }
      emptyLines.removeAll()
      for index in columns.indices {
        let field = fields[columns[index].place]
        let number = columns[index].add(parser.cell(field), row: rowCount) {
          TableColumn.Example(line: parser.line, text: parser.content(field))
        }
        numbers.append(number)
      }
      if let label {
        let isMissing = parser.cell(fields[label]) == .missing
        let text = parser.content(fields[label])
        add(isMissing ? "" : escaped(text), example: TableColumn.Example(line: parser.line, text: text))
      }
      rowCount += 1
    }
  }

  private mutating func addEmptyRow(line: Int) {
    let example = TableColumn.Example(line: line, text: "")
    for index in columns.indices { numbers.append(columns[index].add(.missing, row: rowCount) { example }) }
    if classes != nil { add("", example: example) }
    rowCount += 1
  }

  private mutating func add(_ name: String, example: TableColumn.Example) {
    if name.isEmpty, firstWithoutClass == nil { firstWithoutClass = example }
    classes?.append(name)
  }

  private static func shown(_ separator: UInt8) -> String {
    switch separator {
    case UInt8(ascii: ","): "commas"
    case UInt8(ascii: ";"): "semicolons"
    case UInt8(ascii: "\t"): "tabs"
    default: "the separator \(String(UnicodeScalar(separator)).debugDescription)"
    }
  }
}
