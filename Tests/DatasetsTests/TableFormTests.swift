import Testing

@testable import Datasets

/// Separators, names, and columns that number the lines.
@Suite struct TableFormTests {
  private let files: TableFiles

  init() throws { files = try TableFiles() }

  private static let load = (0..<60).map { 10 + Double($0 % 7) / 10 }
  private static let temp = (0..<60).map { Double($0 % 5) / 5 - 3 }
  private static let n = (0..<60).map { Double($0 % 4) }

  /// Lines of load, temp and n.
  private func lines(_ row: (Int, String, String, String) -> String) -> String {
    (0..<60).map { row($0, "\(Self.load[$0])", "\(Self.temp[$0])", "\($0 % 4)") + "\n" }.joined()
  }

  private func contents(_ text: String, _ change: (inout LoadingOptions) -> Void = { _ in }) throws -> TableContents {
    TableContents(try files.load(text, change))
  }

  /// Whether all 60 samples are there under these names.
  private func isWhole(_ found: TableContents, _ names: [String] = ["load", "temp", "n"]) -> Bool {
    found.names == names && agree(found.column(names[0]), Self.load) && agree(found.column(names[1]), Self.temp)
      && agree(found.column(names[2]), Self.n)
  }

  @Test("the separator is what divides the lines, not what occurs in one")
  func separators() throws {
    for separator in [",", ";", "\t", "|", " , ", "; "] {
      let text = ["load", "temp", "n"].joined(separator: separator) + "\n"
      #expect(isWhole(try contents(text + lines { [$1, $2, $3].joined(separator: separator) })), "\(separator)")
    }
    let quoted = try contents("\"load; kW, full\",temp,n\n" + lines { "\($1),\($2),\($3)" })
    #expect(isWhole(quoted, ["load; kW, full", "temp", "n"]))
    let words = try contents("load,temp,n,what\n" + lines { "\($1),\($2),\($3),a;b\($0)" })
    #expect(isWhole(words) && words.notes.contains("not used: what"))
    #expect(isWhole(try contents("sep=;\nload;temp;n\n" + lines { "\($1);\($2);\($3)" })))
    #expect(isWhole(try contents("\"load\",\"temp\",\"n\"\n" + lines { "\"\($1)\",\" \($2) \",\"\($3)\"" })))
    #expect(isWhole(try contents("load,temp,n,note\n" + lines { "\($1),\($2),\($3),\"two\nlines, \"\"quoted\"\"\"" })))
  }

  @Test("decimal commas are read where commas do not separate, and said; both marks in one table are refused")
  func decimalCommas() throws {
    let comma = { (text: String) in text.replacing(".", with: ",") }
    let found = try contents("load;temp;n\n" + lines { "\(comma($1));\(comma($2));\($3)" })
    #expect(isWhole(found) && found.notes.contains("numbers have decimal commas: load in line 2 is read as 10.0"))
    let bare = try contents(lines { "\(comma($1));\(comma($2));\($3)" })
    #expect(isWhole(bare, ["1", "2", "3"]) && bare.notes.contains("no line of names"))
    #expect(isWhole(try contents("load\ttemp\tn\n" + lines { "\"\(comma($1))\"\t\(comma($2))\t\($3)" })))
    let late = "a;b\n" + (0..<2_000).map { "\($0 % 9);\($0 < 1_500 ? "2" : "2,5")\n" }.joined()
    #expect(try contents(late).column("b").last.map { abs($0 - 2.5) < 1e-4 } == true)
    #expect(
      files.refusal("load;temp;n\n" + lines { "\($1);\(comma($2));\($3)" }).contains(
        "line 2: column temp is \"-3,0\" with a decimal comma, line 2: column load is \"10.0\" with a point"))
  }

  @Test("a table without names begins with its first sample, words or missing values among its numbers or not")
  func withoutNames() throws {
    let iris = lines { "\($1),\($2),\($3),\("abc".dropFirst($0 % 3).first!)" }
    let found = try contents(iris) { $0.labelColumn = "4" }
    #expect(isWhole(found, ["1", "2", "3"]) && found.classes == (0..<60).map { ["a", "b", "c"][$0 % 3] })
    #expect(found.notes.contains("no line of names: the columns are called 1, 2, 3, …"))
    #expect(isWhole(try contents(lines { "\($1),\($2),\($3)" }), ["1", "2", "3"]))
    let first = try contents(lines { "x\($0),\($1),\($2),\($3)" })
    #expect(isWhole(first, ["2", "3", "4"]) && first.notes.contains("not used: 1"))
    #expect(files.refusal(lines { "\($0 == 0 ? "NA" : $1),\($2),\($3)" }).contains("the first is line 1 (1 is \"NA\")"))
    #expect(files.refusal(lines { "\($0 == 0 ? "<5" : $1),\($2),\($3)" }).contains("line 1: column 1 is \"<5\""))
  }

  @Test("numbers may be names: those that pandas gives, years, steps of a spectrum, and what stands above words")
  func namesLikeNumbers() throws {
    for names in [["0", "1", "2"], ["1", "2", "3"], ["2019", "2020", "2021"], ["400", "410", "420"]] {
      let found = try contents(
        names.joined(separator: ",") + "\n" + lines { "\($1),\($2),\(Double($3) ?? 0)" })
      #expect(isWhole(found, names) && found.notes.contains("line 1 is taken for names (\(names[0]), "), "\(names)")
    }
    #expect(isWhole(try contents("0,1,2\n" + lines { "\($1),\($2),\($3)" }), ["0", "1", "2"]))
    #expect(isWhole(try contents("0,1,2,3\n" + lines { "\($1),\($2),\($3),a" }), ["0", "1", "2"]))
    let pandas = try contents(",0,1,2\n" + lines { "\($0),\($1),\($2),\($3)" })
    #expect(isWhole(pandas, ["0", "1", "2"]))
    #expect(isWhole(try contents("load,2019,n\n" + lines { "\($1),\($2),\($3)" }), ["load", "2019", "n"]))
    #expect(
      isWhole(try contents("town,2019,2020,2021\n" + lines { "x\($0),\($1),\($2),\($3)" }), ["2019", "2020", "2021"]))
    #expect(try contents("0\n" + lines { _, load, _, _ in load }).names == ["0"])
    let times = (0..<12).map { "\(Double($0) / 10)" }
    let waves = (0..<60).map { row in
      (0..<12).map { "\(Double((row * $0 * 7 + row) % 11) / 10)" }.joined(separator: ",")
    }
    #expect(try contents(([times.joined(separator: ",")] + waves).joined(separator: "\n")).names == times)
    #expect(try contents(waves.joined(separator: "\n")).numbers.count == 60)
    // Samples that count as well.
    let flags = try contents((0..<60).map { "\($0 % 2),\(1 - $0 / 2 % 2),\($0 % 3)\n" }.joined())
    #expect(flags.names == ["1", "2", "3"] && flags.numbers.count == 60)
    let ramps = try contents((0..<60).map { "\($0 % 9),\($0 % 9 + 1),\($0 % 9 + 2),\($0 % 9 + 3)\n" }.joined())
    #expect(ramps.numbers.count == 60)
  }

  @Test("columns that number the lines are left out, with the option that learns them")
  func indices() throws {
    let text = ",load,temp,n\n" + lines { "\($0),\($1),\($2),\($3)" }
    let found = try contents(text)
    #expect(isWhole(found))
    #expect(
      found.notes.contains(
        "columns that number the lines are not used: 1 (which has no name); to learn them: --set 'data.columns=[1,load,temp,n]'"
      ))
    #expect(try contents(text) { $0.columns = ["1", "load"] }.column("1").last.map { abs($0 - 59) < 1e-3 } == true)
    for name in ["Unnamed: 0", "\"\"", "id", "step"] {
      #expect(isWhole(try contents("\(name),load,temp,n\n" + lines { "\($0 + 1),\($1),\($2),\($3)" })), "\(name)")
    }
    let labelled = try contents(
      "kind,,load,temp,n\n" + lines { "\("ab".dropFirst($0 % 2).first!),\($2),\($1),\($2),\($3)" }
    ) {
      $0.labelColumn = "kind"
    }
    #expect(labelled.names == ["2", "load", "temp", "n"])
    #expect(isWhole(try contents(",load,temp,n\n" + lines { "\($0 * 7 % 60),\($1),\($2),\($3)" })))
    #expect(isWhole(try contents("load,temp,n,row\n" + lines { "\($1),\($2),\($3),\($0)" })))
    // R writes one name less than columns.
    #expect(isWhole(try contents("\"load\",\"temp\",\"n\"\n" + lines { "\"\($0 + 1)\",\($1),\($2),\($3)" })))
    let shuffled = try contents("id,load,temp,n\n" + lines { "\($0 * 7 % 60),\($1),\($2),\($3)" })
    #expect(shuffled.names == ["id", "load", "temp", "n"])
    #expect(shuffled.notes.contains("column id has another whole number in every line"))
    #expect(shuffled.notes.contains("--set 'data.columns=[load,temp,n]'"))
    #expect(files.refusal("a\n" + lines { row, _, _, _ in "\(row)" }).contains("no column of numbers is left to learn"))
  }

  @Test("separators at the ends of lines, empty columns and lines make no samples")
  func emptyColumns() throws {
    let found = try contents("load,temp,n,\n" + lines { "\($1),\($2),\($3)," })
    #expect(isWhole(found) && found.notes.contains("columns that are empty are not used: 4 (which has no name)"))
    #expect(isWhole(try contents("load,temp,n\n" + lines { "\($1),\($2),\($3)," })))
    #expect(isWhole(try contents("load,temp,n,\n" + lines { "\($1),\($2),\($3)" })))
    #expect(isWhole(try contents(lines { "\($1),\($2),\($3)," }), ["1", "2", "3"]))
    #expect(isWhole(try contents("load;gap;temp;n\n" + lines { "\($1);NA;\($2);\($3)" })))
    let tail = try contents("load,temp,n\n" + lines { "\($1),\($2),\($3)" } + ",,\n,,\n")
    #expect(isWhole(tail) && tail.notes.contains("lines at the end with separators only are passed over: 2"))
    #expect(
      files.refusal("load,temp,n\n" + lines { "\($1),\($2),\($3)\($0 == 9 ? "\n,," : "")" }).contains(
        "1 of 61 lines has no finite number in a column, the first is line 12 (load is \"\"), 3 columns have such"))
  }

  @Test("lines with # above a table are comments, or its names")
  func comments() throws {
    let body = lines { "\($1),\($2),\($3)" }
    let named = try contents("# load,temp,n\n" + body)
    #expect(isWhole(named) && named.notes.contains("the names are those of line 1, which begins with #"))
    let commented = try contents("# made in May\n# by hand, twice\nload,temp,n\n" + body)
    #expect(
      isWhole(commented) && commented.notes.contains("lines above the table that begin with # are passed over: 2"))
    #expect(isWhole(try contents("#,load,temp,n\n" + lines { "\($0 + 1),\($1),\($2),\($3)" })))
    let colours = try contents(lines { "#ff00\($0 % 3),\($1),\($2),\($3)" }) { $0.labelColumn = "1" }
    #expect(isWhole(colours, ["2", "3", "4"]) && colours.classes.first == "#ff000")
  }
}
