import Foundation
import Testing

@testable import Datasets

@Suite struct TableTests {
  private let files: TableFiles

  init() throws { files = try TableFiles() }

  private static let rows = (0..<30).map {
    "\($0 + 5),\(Double($0 * $0) / 10),\($0 % 3 == 0 ? "setosa" : "\"big, \"\"red\"\"\"")"
  }
  private static let text = "length,area,species\r\n" + rows.joined(separator: "\r\n") + "\r\n\r\n"

  @Test("columns are learned, named columns are conditions, one is the class; quotes and empty lines are understood")
  func columns() throws {
    let data = try files.load(Self.text) {
      $0.labelColumn = "species"
      $0.conditionColumns = ["area"]
    }
    #expect(data.classNames == ["big, \"red\"", "setosa"] && data.layout.columns.map(\.name) == ["length"])
    #expect(data.training.count == 27 && data.test.count == 3 && data.layout.kind == .vectors)
    let held = (0..<3).map(RowSelection(part: .heldOut, rows: 30).row)
    #expect((0..<3).map(data.test.label) == held.map { $0 % 3 == 0 ? 1 : 0 })
    let area = try #require(data.layout.conditions.first)
    let row = try #require(data.test.conditions?.row(1).first)
    #expect(area.name == "area" && abs(area.number(of: Double(row)) - Double(held[1] * held[1]) / 10) < 1e-4)
    #expect(
      try files.load(Self.text).notes.first
        == "columns that are no numbers are not used: species; one with the class is named by --set data.label=species")
  }

  @Test("large numbers that differ little keep their digits")
  func digits() throws {
    let data = try files.load("t,x\n" + (0..<20).map { "\(1_700_000_000 + $0),1" }.joined(separator: "\n"))
    let found = TableContents(data).column("t")
    #expect((0..<20).allSatisfy { abs(found[$0] - 1_700_000_000 - Double($0)) < 1e-3 }, "\(found)")
  }

  @Test("a table holds vectors, or sequences of one channel; images are refused")
  func layouts() throws {
    let text = "a,b,c\n" + (0..<20).map { "\($0 % 3),\($0 % 5).5,2" }.joined(separator: "\n")
    let vectors = try files.load(text) { $0.kind = .vectors }
    #expect(vectors.imageShape == [1, 1, 3] && vectors.layout.kind == .vectors)
    let sequences = try files.load(text) { $0.kind = .sequences }
    #expect(sequences.imageShape == [1, 3, 1] && sequences.layout.kind == .sequences)
    #expect(TableContents(sequences).numbers[4].map { ($0 * 10).rounded() / 10 } == [1, 4.5, 2])
    #expect(files.refusal(text) { $0.kind = .images }.contains("data.layout is images, but a line of a table is"))
  }

  @Test("ragged lines, words among numbers, and unknown columns are told with their place")
  func refusals() {
    #expect(files.refusal("a,b\n1,2\n3\n").contains("line 3: 1 fields, the first line has 2"))
    #expect(files.refusal("\"a\r\nb\",c\r1,2\r\r3\r").contains("line 5: 1 fields, the first line has 2"))
    let slip = "a,b\n" + (0..<20).map { "\($0 % 7),\($0 == 11 ? "x" : "1")" }.joined(separator: "\n")
    #expect(files.refusal(slip).contains("line 13: column b is \"x\", no number"))
    #expect(files.refusal(slip) { $0.columns = ["b"] }.contains("line 13: column b is \"x\", no number"))
    #expect(files.refusal(slip) { $0.columns = ["a"] } == "(loaded)")
    #expect(
      files.refusal(Self.text) { $0.labelColumn = "kind" }.contains(
        "no column \"kind\", as data.label asks for; there are length"))
    #expect(
      files.refusal(Self.text) { $0.columns = ["area", "length", "area"] }.contains("data.columns names a column twice")
    )
    #expect(files.refusal("a,a\n1,2\n").contains("two columns are called \"a\""))
    #expect(files.refusal("").contains("is empty") && files.refusal("a,b\n").contains("no line of data"))
    #expect(files.refusal("a\n\"1\n2").contains("line 2: a quote is not closed"))
    #expect(files.refusal("1 2\n3 4\n").contains("line 2: blanks divide the numbers; put commas"))
  }

  @Test("numbers are read to the last digit, and nothing else is taken for one")
  func cells() throws {
    let numbers: [(String, Double)] = [
      ("5.", 5), (".5", 0.5), ("+3", 3), ("-0", 0), ("1e5", 1e5), ("1.5E-3", 1.5e-3), ("007", 7), ("0.1", 0.1),
      ("123456789012345678", 123_456_789_012_345_680), ("2.2250738585072014e-308", 2.2250738585072014e-308),
      ("0.30000000000000004", 0.30000000000000004), ("9007199254740993", 9_007_199_254_740_992),
      ("1.000000000000000000e+00", 1), ("1e23", 1e23),
      ("123456789012345678901234567890", 123_456_789_012_345_677_877_719_597_056),
      ("inf", .infinity), ("-Infinity", -.infinity), ("1e999", .infinity),
    ]
    for (text, value) in numbers {
      guard case .number(let found, _) = cell(text) else {
        Issue.record("\(text) is no number")
        continue
      }
      #expect(found == value, "\(text)")
    }
    for text in ["", "NA", "n/a", "NaN", "-nan", "NULL", "None", "?", "-", ".", "<NA>", "#N/A"] {
      #expect(cell(text) == .missing, "\(text)")
    }
    for text in ["x", "0x10", "1_000", "1,000", "1.2.3", "1e", "e5", "5 m", "--5", "nano", "12%", "+"] {
      #expect(cell(text) == .word, "\(text)")
    }
    #expect(cell("1,25", comma: true) == .number(1.25, .comma) && cell("1.234,5", comma: true) == .word)
    #expect(cell("0,30000000000000004", comma: true) == .number(0.30000000000000004, .comma))
    #expect(cell("\" 1.5 \"", quoted: true) == .number(1.5, .point) && cell("\"NA\"", quoted: true) == .missing)
  }

  private func cell(_ text: String, quoted: Bool = false, comma: Bool = false) -> TableCell {
    TableCell(Array(text.utf8) + [0], 0..<text.utf8.count, isQuoted: quoted, allowsComma: comma)
  }
}
