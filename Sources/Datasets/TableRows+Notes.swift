import Files

extension TableRows {
  /// What columns with a class, and with the numbers of lines, are often called.
  private static let classWords: Set<String> = [
    "label", "labels", "class", "classes", "target", "y", "species", "category", "outcome",
  ]
  private static let indexWords: Set<String> = ["index", "id", "idx", "row", "no", "nr", "number", "#"]

  /// What was passed over, and which columns are learned though others might be meant.
  ///
  /// - Parameter isAutomatic: whether the columns were not named.
  func notes(isAutomatic: Bool) -> [String] {
    let empty = content.emptyLines.count
    let lines = empty == 0 ? [] : ["lines at the end with separators only are passed over: \(grouped(empty))"]
    guard isAutomatic, roles.label == nil else { return lines }
    let quantities = choice.data.filter { isCalled($0, Self.classWords) && !hasFewWholeValues($0) }
    return lines
      + quantities.map {
        "column \(name($0)) is learned like the others; to ask samples for it: "
          + form.option("data.conditions", [content.columns[$0].place])
      }
  }

  /// What is wrong, or is likely to be.
  ///
  /// - Parameters:
  ///   - rows: those that are used.
  ///   - classes: how many there are.
  func complaints(ofLeft rows: [Int], classes: Int, isAutomatic: Bool) -> [String] {
    var complaints: [String] = []
    if rows.count < content.rowCount {
      let nameless = content.classes?.count(where: \.isEmpty) ?? 0
      complaints.append(
        "\(grouped(content.rowCount - rows.count)) of \(grouped(content.rowCount)) lines without a finite number in "
          + "every column\(nameless > 0 ? ", or without a class," : "") are left out of \(path)")
    }
    if let label = roles.label, classes * 2 > rows.count {
      complaints.append(
        "column \(form.names[label]) has \(grouped(classes)) classes in \(grouped(rows.count)) lines; if it is a quantity: "
          + form.option("data.conditions", [label]))
    }
    guard isAutomatic else { return complaints }
    for column in choice.data {
      let (name, place) = (name(column), content.columns[column].place)
      if roles.label == nil, isCalled(column, Self.classWords), hasFewWholeValues(column) {
        complaints.append(
          "column \(name) is learned as a quantity; if it has the class: \(form.option(label: place))")
      } else if isCalled(column, Self.indexWords), isAnotherEverywhere(column) {
        let others = choice.data.filter { $0 != column }.map { content.columns[$0].place }
        complaints.append(
          "column \(name) has another whole number in every line and is learned as a quantity; if it only numbers them: "
            + form.option("data.columns", others))
      }
    }
    return complaints
  }

  private func isCalled(_ column: Int, _ words: Set<String>) -> Bool { words.contains(name(column).lowercased()) }

  private func hasFewWholeValues(_ column: Int) -> Bool {
    var values: Set<Double> = []
    for row in 0..<content.rowCount {
      let x = number(column, of: row)
      guard x.isFinite else { continue }
      guard x == x.rounded(), values.insert(x).inserted == false || values.count <= TableColumn.mostClasses else {
        return false
      }
    }
    return values.count * 2 <= content.rowCount
  }

  private func isAnotherEverywhere(_ column: Int) -> Bool {
    var values: Set<Double> = []
    return (0..<content.rowCount).allSatisfy { row in
      let x = number(column, of: row)
      return x == x.rounded() && values.insert(x).inserted
    }
  }
}
