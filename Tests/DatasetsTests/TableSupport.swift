import Foundation

@testable import Datasets

/// Writes tables and reads them as a run does.
struct TableFiles {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  func load(
    _ bytes: [UInt8], as name: String = "t.csv", _ change: (inout LoadingOptions) -> Void = { _ in }
  ) throws -> Dataset {
    var options = LoadingOptions()
    change(&options)
    return try DatasetSource(try directory.write(bytes, as: name)).load(options)
  }

  func load(_ text: String, _ change: (inout LoadingOptions) -> Void = { _ in }) throws -> Dataset {
    try load(Array(text.utf8), change)
  }

  /// What a table is refused with.
  func refusal(_ bytes: [UInt8], _ change: (inout LoadingOptions) -> Void = { _ in }) -> String {
    do {
      _ = try load(bytes, change)
      return "(loaded)"
    } catch { return "\(error)" }
  }

  func refusal(_ text: String, _ change: (inout LoadingOptions) -> Void = { _ in }) -> String {
    refusal(Array(text.utf8), change)
  }
}

/// A data set's samples as they stood in its table.
struct TableContents {
  var names: [String] = []
  var numbers: [[Double]] = []
  var classes: [String] = []
  var notes: String

  init(_ data: Dataset) {
    names = data.layout.columns.map(\.name)
    notes = (data.notes + data.tableWarnings).joined(separator: "\n")
    let count = data.training.count + data.test.count
    numbers = Array(repeating: [], count: count)
    classes = Array(repeating: "", count: count)
    for (set, part) in [(data.training, RowSelection.Part.training), (data.test, .heldOut)] {
      let selection = RowSelection(part: part, rows: count)
      for index in 0..<set.count {
        var sample = [Float](repeating: 0, count: set.imageShape.count)
        sample.withUnsafeMutableBufferPointer { set.write(index: index, to: $0.baseAddress!) }
        let row = selection.row(of: index)
        numbers[row] = zip(sample, data.layout.columns).map { $1.number(of: Double($0)) }
        classes[row] = data.classNames[set.label(at: index)]
      }
    }
  }

  func column(_ name: String) -> [Double] {
    names.firstIndex(of: name).map { column in numbers.map { $0[column] } } ?? []
  }
}

extension Dataset {
  /// Without those that come from comparing samples: the tables of tests repeat themselves.
  var tableWarnings: [String] { warnings.filter { !$0.contains("are also trained on") } }
}

/// Whether numbers that went through float32 are those expected.
func agree(_ found: [Double], _ expected: [Double]) -> Bool {
  found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-4 * max(1, abs($1)) }
}
