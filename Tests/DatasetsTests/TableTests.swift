import Foundation
import Testing

@testable import Datasets

@Suite struct TableTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func load(_ text: String, _ change: (inout LoadingOptions) -> Void = { _ in }) throws -> Dataset {
    let path = try directory.write(Array(text.utf8), as: "t.csv")
    var options = LoadingOptions()
    change(&options)
    return try DatasetSource.table(file: path).load(options)
  }

  private func message(_ text: String, _ change: (inout LoadingOptions) -> Void = { _ in }) -> String {
    do {
      _ = try load(text, change)
      return "(loaded)"
    } catch { return "\(error)" }
  }

  private static let rows = (0..<30).map {
    "\($0),\(Double($0 * $0) / 10),\($0 % 3 == 0 ? "setosa" : "\"big, \"\"red\"\"\"")"
  }
  private static let text = "length,area,species\r\n" + rows.joined(separator: "\r\n") + "\r\n\r\n"

  @Test("columns are learned, named columns are conditions, one is the class; quotes and empty lines are understood")
  func columns() throws {
    let data = try load(Self.text) {
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
    #expect(try load(Self.text).notes.first == "columns that are no numbers are not used: species")
  }

  @Test("tabs and semicolons separate too, and a table without names is counted from 1")
  func separators() throws {
    for separator in ["\t", ";"] {
      let data = try load((0..<20).map { "\($0)\(separator)1e-3" }.joined(separator: "\n")) { $0.kind = .sequences }
      #expect(data.imageShape == [1, 2, 1] && data.layout.columns.map(\.name) == ["1", "2"])
      #expect(data.layout.columns[1].unit == 1)
    }
  }

  @Test("large numbers that differ little keep their digits")
  func digits() throws {
    let data = try load("t,x\n" + (0..<20).map { "\(1_700_000_000 + $0),1" }.joined(separator: "\n"))
    var row: [Float] = [0, 0]
    row.withUnsafeMutableBufferPointer { data.training.write(index: 2, to: $0.baseAddress!) }
    #expect(
      abs(
        data.layout.columns[0].number(of: Double(row[0]))
          - Double(1_700_000_000 + RowSelection(part: .training, rows: 20).row(of: 2))) < 1e-3)
  }

  @Test("ragged lines, words among numbers, unknown columns and empty fields are told with their place")
  func refusals() {
    #expect(message("a,b\n1,2\n3\n").contains("line 3: 1 fields, the first line has 2"))
    #expect(message("a,b\n1,2\n3,x\n").contains("line 3: column b is \"x\", no number"))
    #expect(
      message(Self.text) { $0.labelColumn = "kind" }.contains(
        "no column \"kind\", as data.label asks for; there are length"))
    #expect(message("a,a\n1,2\n").contains("two columns are called \"a\""))
    #expect(message("").contains("is empty") && message("a,b\n").contains("no line of data"))
    #expect(message("a\n\"1\n2").contains("a quote is not closed"))
    let gap = "a,b\n" + (0..<20).map { "\($0),\($0 == 7 ? "" : "1")" }.joined(separator: "\n")
    #expect(message(gap).contains("1 of 20 samples have NaN or infinity in a column, the first is sample 7 (b)"))
    #expect(message(gap) { $0.dropsNonFinite = true } == "(loaded)")
  }
}
