import Files
import Tensors

/// A table as text, a sample a line: columns of numbers to learn, columns to condition on, a column with the class.
enum Table {
  static func load(file path: String, options: LoadingOptions) throws(DatasetError) -> Dataset {
    let text: [UInt8]
    do throws(FileError) { text = try InputFile(path: path).bytes() } catch { throw DatasetError(error) }
    var parser = try TableParser(path: path, text: text)
    let plan = try TableColumns(parser.names, isNumber: parser.firstIsNumber, options: options, path: path)
    var data = NumberScan(columns: plan.data.count, rowSize: plan.data.count)
    var conditions = NumberScan(columns: max(1, plan.conditions.count), rowSize: max(1, plan.conditions.count))
    var (numbers, quantities): ([Double], [Double]) = ([], [])
    var classes: [String] = []
    while let fields = try parser.nextRow() {
      for column in plan.data {
        let x = try parser.number(fields[column], column: column)
        data.add(x)
        numbers.append(x)
      }
      for column in plan.conditions {
        let x = try parser.number(fields[column], column: column)
        conditions.add(x)
        quantities.append(x)
      }
      if let label = plan.label { classes.append(parser.text(fields[label])) }
    }
    let count = numbers.count / plan.data.count
    let bad = Set(data.nonFiniteRows + conditions.nonFiniteRows)
    for (scan, columns) in [(data, plan.data), (conditions, plan.conditions)]
    where scan.nonFiniteCount > 0 && !options.dropsNonFinite {
      throw .nonFinite(scan, of: count, what: "a column", names: columns.map { parser.names[$0] }, file: path)
    }
    let kept = (0..<count).filter { !bad.contains($0) }
    guard kept.count >= RowSelection.stride else {
      throw DatasetError(
        file: path, reason: "\(grouped(kept.count)) samples are too few to hold some out",
        remedy: "give at least \(RowSelection.stride)")
    }
    let columns = data.scaled(names: plan.data.map { parser.names[$0] }, keepsFlags: false)
    let conditionColumns =
      plan.conditions.isEmpty
      ? [] : conditions.scaled(names: plan.conditions.map { parser.names[$0] }, keepsFlags: true)
    let values = Self.scaled(numbers, kept, columns)
    let rows = Self.scaled(quantities, kept, conditionColumns)
    let classNames = plan.label == nil ? [Dataset.unlabelled] : Self.sorted(Set(classes))
    guard classNames.count <= options.mostClasses ?? NumPyData.mostClasses else {
      throw DatasetError(
        file: path, reason: "column \(parser.names[plan.label ?? 0]) has \(grouped(classNames.count)) classes",
        remedy: "for a quantity name it in data.conditions, or raise model.condition.size")
    }
    let places = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($1, Int32($0)) })
    let labels = kept.map { plan.label == nil ? 0 : places[classes[$0]] ?? 0 }
    let isSequence = options.kind == .sequences
    let all = ImageSet(
      imageShape: isSequence ? [1, columns.count, 1] : [1, 1, columns.count],
      bytes: PixelBytes(values.withUnsafeBytes { Array($0)[...] }), format: .floats(.none), labels: labels[...],
      conditions: conditionColumns.isEmpty ? nil : ConditionRows(width: conditionColumns.count, values: rows[...]))
    let parts = [RowSelection.Part.training, .heldOut].map { RowSelection(part: $0, rows: all.count) }
    return Dataset(
      name: "csv", classNames: classNames,
      layout: SampleLayout(kind: isSequence ? .sequences : .vectors, columns: columns, conditions: conditionColumns),
      training: all.selecting((0..<parts[0].count).map(parts[0].row)),
      test: all.selecting((0..<parts[1].count).map(parts[1].row)),
      notes: plan.notes + ["one of every ten lines of \(path) is held out"],
      complaints: bad.isEmpty ? [] : ["\(grouped(bad.count)) lines with NaN or infinity are left out of \(path)"])
  }

  private static func scaled(_ numbers: [Double], _ rows: [Int], _ columns: [Column]) -> [Float] {
    rows.flatMap { row in
      columns.indices.map { Float(columns[$0].value(of: numbers[row * columns.count + $0])) }
    }
  }

  /// Numbers by size, others by spelling.
  private static func sorted(_ names: Set<String>) -> [String] {
    let numbers = names.compactMap { name in Double(name).map { (name, $0) } }
    return numbers.count == names.count ? numbers.sorted { $0.1 < $1.1 }.map(\.0) : names.sorted()
  }
}

/// Which columns of a table are what.
private struct TableColumns {
  private(set) var data: [Int] = []
  private(set) var conditions: [Int] = []
  private(set) var label: Int?
  private(set) var notes: [String] = []

  init(_ names: [String], isNumber: [Bool], options: LoadingOptions, path: String) throws(DatasetError) {
    func place(_ name: String, _ key: String) throws(DatasetError) -> Int {
      guard let index = names.firstIndex(of: name) else {
        throw DatasetError(
          file: path, reason: "no column \(name.debugDescription), as \(key) asks for",
          remedy: "there are \(clipped(names.joined(separator: ", "), atMost: 300))")
      }
      return index
    }
    label = try options.labelColumn.map { name throws(DatasetError) in try place(name, "data.label") }
    for name in options.conditionColumns { conditions.append(try place(name, "data.conditions")) }
    for name in options.columns { data.append(try place(name, "data.columns")) }
    let taken = Set(conditions + (label.map { [$0] } ?? []))
    if options.columns.isEmpty {
      data = names.indices.filter { isNumber[$0] && !taken.contains($0) }
      let left = names.indices.filter { !isNumber[$0] && !taken.contains($0) }.map { names[$0] }
      if !left.isEmpty {
        notes.append("columns that are no numbers are not used: \(clipped(left.joined(separator: ", ")))")
      }
    }
    if let twice = data.first(where: taken.contains) {
      throw DatasetError(
        file: path, reason: "column \(names[twice]) is to be learned and conditioned on", remedy: "name it once")
    }
    guard !data.isEmpty else {
      throw DatasetError(
        file: path, reason: "no column of numbers is left to learn", remedy: "name some in data.columns")
    }
    guard data.count <= 65_536 else {
      throw DatasetError(file: path, reason: "\(grouped(data.count)) columns", remedy: "give at most 65,536")
    }
  }
}
