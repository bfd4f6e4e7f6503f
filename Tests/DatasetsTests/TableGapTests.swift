import Testing

@testable import Datasets

/// What is missing in a table, and what its columns may be meant for.
@Suite struct TableGapTests {
  private let files: TableFiles

  init() throws { files = try TableFiles() }

  /// `a`, `b` and a class in 40 lines, with one field of `b` replaced.
  private func table(_ field: String, at row: Int) -> String {
    "a,b,kind\n"
      + (0..<40).map { "\($0 % 7).5,\($0 == row ? field : "\($0 % 3)"),\("xyz".dropFirst($0 % 3).first!)\n" }.joined()
  }

  @Test("what is missing is refused with line and column, wherever it stands, or left out and counted")
  func missing() throws {
    for word in [
      "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "none", "?", "-", "", "\"\"", "\"NA\"", "<NA>", "inf",
    ] {
      for row in [0, 17, 39] {
        let text = table(word, at: row)
        let refusal = files.refusal(text)
        #expect(
          refusal.contains("1 of 40 lines has no finite number in a column, the first is line \(row + 2) (b is "),
          "\(refusal)")
        let found = TableContents(try files.load(text) { $0.dropsNonFinite = true })
        #expect(found.numbers.count == 39 && found.names == ["a", "b"])
        #expect(found.notes.contains("1 of 40 lines without a finite number in every column are left out"))
        let rest = (0..<40).filter { $0 != row }
        #expect(agree(found.column("b"), rest.map { Double($0 % 3) }))
        // Nothing is missing in what is used.
        #expect(files.refusal(text) { $0.columns = ["a"] } == "(loaded)")
      }
    }
  }

  @Test("a column that is half words is not used, and that is a warning; one that is nearly all numbers is refused")
  func mixed() throws {
    let half = "a,b\n" + (0..<40).map { "\($0 % 7),\($0 % 2 == 0 ? "\($0)" : "A\($0)")\n" }.joined()
    let data = try files.load(half)
    #expect(data.layout.columns.map(\.name) == ["a"])
    #expect(
      data.tableWarnings.first == "column b is not used: it has 20 numbers and 20 words, the first \"A1\" in line 3")
    #expect(files.refusal(table("high", at: 0)).contains("line 2: column b is \"high\", no number"))
    #expect(files.refusal(half) { $0.conditionColumns = ["b"] }.contains("line 3: column b is \"A1\", no number"))
  }

  @Test("a column of numbers as they are not read is refused, not passed over")
  func spellings() throws {
    for number in ["1,234", "1,234,567.5", "1'000", "12%", "$5", "€ 5", "<0.1", "1.5D+03", "1_000"] {
      let text = "a,b\n" + (0..<40).map { "\($0 % 7).5,\"\(number)\"\n" }.joined()
      let refusal = files.refusal(text)
      #expect(
        refusal.contains("line 2: column b is \(number.debugDescription), no number, as in 40 lines"), "\(refusal)")
      #expect(try files.load(text) { $0.columns = ["a"] }.layout.columns.map(\.name) == ["a"])
    }
    for word in ["2020-01-02", "01.02.2020", "1.2.3", "192.168.1.1", "12:30", "A5", "5 m", "3D", "e5", "True", "0x1F"] {
      let data = try files.load("a,b\n" + (0..<40).map { "\($0 % 7).5,\"\(word)\"\n" }.joined())
      #expect(data.layout.columns.map(\.name) == ["a"] && data.notes[0].contains("not used: b"), "\(word)")
    }
  }

  @Test("a line without a class is refused with its number, or left out and counted")
  func classes() throws {
    for word in ["", "NA", "\" \"", "null"] {
      let text =
        "a,kind\n" + (0..<40).map { "\($0 % 7).5,\($0 % 9 == 4 ? word : $0 % 2 == 0 ? "red" : "green")\n" }.joined()
      #expect(
        files.refusal(text) { $0.labelColumn = "kind" }.contains(
          "4 of 40 lines have no class in column kind, the first is line 6 ("), "\(word)")
      let data = try files.load(text) {
        ($0.labelColumn, $0.dropsNonFinite) = ("kind", true)
      }
      #expect(data.classNames == ["green", "red"])
      #expect(
        data.tableWarnings.first?.contains("4 of 40 lines without a finite number in every column, or without a class")
          == true)
      let rest = (0..<40).filter { $0 % 9 != 4 }
      #expect(TableContents(data).classes == rest.map { $0 % 2 == 0 ? "red" : "green" })
    }
  }

  @Test("classes that are numbers are sorted by value, others by spelling; a class has no blanks around it")
  func order() throws {
    func names(_ classes: [String]) throws -> [String] {
      try files.load("a,kind\n" + (0..<40).map { "\($0 % 7).5,\(classes[$0 % classes.count])\n" }.joined()) {
        $0.labelColumn = "kind"
      }.classNames
    }
    #expect(try names(["10", "9", "-1"]) == ["-1", "9", "10"])
    #expect(try names(["b", "10", "9"]) == ["10", "9", "b"])
    #expect(try names(["red", "\"red \"", " red"]) == ["red"])
    #expect(try names(["1.0", "1", "01"]) == ["01", "1", "1.0"])
  }

  @Test("a column that is called as a class and learned as a quantity is mentioned with the option")
  func classWords() throws {
    for name in ["label", "Class", "target", "y", "species"] {
      let data = try files.load("a,\(name)\n" + (0..<40).map { "\($0 % 7).5,\($0 % 3)\n" }.joined())
      #expect(
        data.tableWarnings.contains(
          "column \(name) is learned as a quantity; if it has the class: --set data.label=\(name)"))
      let many = try files.load("a,\(name)\n" + (0..<40).map { "\($0 % 7).5,\(Double($0 * $0) / 8)\n" }.joined())
      #expect(many.tableWarnings.isEmpty && many.notes.contains { $0.contains("--set 'data.conditions=[\(name)]'") })
    }
    let text = "a,class\n" + (0..<40).map { "\($0 % 7).5,\($0 % 3)\n" }.joined()
    #expect(try files.load(text) { $0.columns = ["a", "class"] }.tableWarnings.isEmpty)
    #expect(try files.load(text) { $0.labelColumn = "class" }.tableWarnings.isEmpty)
    let quantity = try files.load("a,load\n" + (0..<40).map { "\($0 % 7).5,\(Double($0) / 8)\n" }.joined()) {
      $0.labelColumn = "load"
    }
    #expect(
      quantity.tableWarnings.first?.contains("column load has 40 classes in 40 lines; if it is a quantity") == true)
  }
}
