import Datasets
import Evaluation
import Files
import NumPyFiles
import Tensors
import Training

/// What every sample is asked to show: a class, quantities, or both, as the model has them.
struct SampleRequest {
  /// Class of every sample; nil where the model has none.
  let labels: [Int]?
  /// The same quantities for all, in the data's units; empty where the model has none.
  let quantities: [Double]
  private let classCount: Int
  private let columns: [Column]
  private let count: Int
  let classNames: [String]

  init(_ command: SampleCommand, for model: SavedModel) throws {
    let kind = model.recipe.model.conditionKind
    let size = model.model.conditionSize
    count = command.count
    let classCount = kind == .classes ? size : kind == .mixed ? model.classNames.count : 0
    let names = (0..<classCount).map { model.classNames.indices.contains($0) ? model.classNames[$0] : String($0) }
    let given = model.layout.conditions
    columns =
      given.count == size - classCount ? given : (classCount..<size).map { Column(name: "c\($0 - classCount + 1)") }
    (self.classCount, classNames) = (classCount, names)
    guard classCount > 0 || command.classes == nil else {
      throw Failure("--classes: this model has continuous conditions; use --condition", code: .usage)
    }
    guard !columns.isEmpty || command.condition == nil else {
      throw Failure("--condition: this model has classes; use --classes", code: .usage)
    }
    let chosen = try command.classes.map { text in
      try Self.parts(text).map { part in
        guard let label = names.firstIndex(of: part) ?? Int(part) else {
          throw Failure(
            "--classes \(text): \"\(part)\" is no class; separate numbers by commas, from "
              + clipped(names.joined(separator: ", ")), code: .usage)
        }
        guard names.indices.contains(label) else {
          throw Failure("--classes: \(label) is none of the classes 0 to \(names.count - 1)", code: .usage)
        }
        return label
      }
    }
    labels = classCount > 0 ? balancedClasses(chosen ?? Array(0..<classCount), count: command.count) : nil
    let known = columns
    quantities =
      try command.condition.map { text in
        try Self.parts(text).map { part in
          guard let number = Double(part), number.isFinite else {
            throw Failure(
              "--condition \(text): \"\(part)\" is not a number; separate numbers by commas", code: .usage)
          }
          return number
        }
      } ?? known.map(\.center)
    guard quantities.count == columns.count else {
      throw Failure(
        "--condition: \(quantities.count) numbers, this model takes \(columns.count): "
          + clipped(columns.map(\.name).joined(separator: ", ")), code: .usage)
    }
  }

  private static func parts(_ text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  /// Writes the condition of a sample, as the networks see it.
  func write(sample: Int, to target: UnsafeMutablePointer<Float>) {
    for k in 0..<classCount { target[k] = labels?[sample] == k ? 1 : 0 }
    for k in columns.indices { target[classCount + k] = Float(columns[k].value(of: quantities[k])) }
  }

  /// The samples as the rows of a picture: one row per asked class, filled up with white; or a square.
  func grid(of samples: [Float], sampleSize: Int) -> (samples: [Float], count: Int, columns: Int) {
    guard let labels else { return (samples, count, max(1, Int(Double(count).squareRoot().rounded(.up)))) }
    let rows = labels.indices.reduce(into: [[Int]]()) { rows, index in
      if let last = rows.last?.last, labels[last] == labels[index] {
        rows[rows.count - 1].append(index)
      } else {
        rows.append([index])
      }
    }
    let columns = rows.map(\.count).max() ?? 1
    let white = [Float](repeating: 1, count: sampleSize)
    let padded = rows.flatMap { row in
      (0..<columns).flatMap { column in
        column < row.count ? Array(samples[row[column] * sampleSize..<(row[column] + 1) * sampleSize]) : white
      }
    }
    return (padded, rows.count * columns, columns)
  }

  /// Names of the quantities.
  var quantityNames: [String] { columns.map(\.name) }

  /// The labels and conditions as arrays for NumPy.
  func withArrays(_ body: ([NPZ.Entry]) throws -> Void) throws {
    let labels = (labels ?? []).map(Int64.init)
    let rows = (0..<count).flatMap { _ in quantities.map(Float.init) }
    try labels.withUnsafeBytes { labelBytes in
      try rows.withUnsafeBytes { rowBytes in
        var entries: [NPZ.Entry] = []
        if self.labels != nil { entries.append(NPZ.Entry("labels", [count], .int64, labelBytes)) }
        if !columns.isEmpty { entries.append(NPZ.Entry("conditions", [count, columns.count], .float32, rowBytes)) }
        try body(entries)
      }
    }
  }
}
