import Files
import Tensors

/// A quantity: what it is called, and how it is scaled for the networks.
///
///     value = (number − center) / unit
public struct Column: Sendable, Equatable {
  public let name: String
  public let center: Double
  /// Above 0.
  public let unit: Double

  public init(name: String, center: Double = 0, unit: Double = 1) {
    precondition(unit > 0, "\(name) in units of \(unit)")
    // It is printed, and stored in lines.
    self.name = escaped(name)
    self.center = center
    self.unit = unit
  }

  public func value(of number: Double) -> Double { (number - center) / unit }
  public func number(of value: Double) -> Double { value * unit + center }
}

/// What the numbers of a sample and of its condition stand for; kept with checkpoints, so that samples come in the data's
/// own units.
public struct SampleLayout: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable, CustomStringConvertible {
    case images
    /// Equal numbers of steps, some channels each.
    case sequences
    case vectors

    public var description: String { rawValue }
  }

  public var kind: Kind
  /// Of a vector, or the channels of a sequence; empty for images.
  public var columns: [Column]
  /// Of conditions that the data bring.
  public var conditions: [Column]

  public init(kind: Kind = .images, columns: [Column] = [], conditions: [Column] = []) {
    self.kind = kind
    self.columns = columns
    self.conditions = conditions
  }

  /// One line for the kind, one a column.
  public var text: String {
    let lines = { (word: String, columns: [Column]) in columns.map { "\(word)\t\($0.center)\t\($0.unit)\t\($0.name)" } }
    return ([kind.rawValue] + lines("column", columns) + lines("condition", conditions)).joined(separator: "\n")
  }

  /// Reads `text`; what is no such line is passed over, and what is no kind stands for images.
  public init(text: String) {
    let lines = text.split(separator: "\n")
    self.init(kind: lines.first.flatMap { Kind(rawValue: String($0)) } ?? .images)
    for line in lines.dropFirst() {
      let fields = line.split(separator: "\t", maxSplits: 3, omittingEmptySubsequences: false)
      guard fields.count == 4, let center = Double(fields[1]), let unit = Double(fields[2]), unit > 0, center.isFinite
      else { continue }
      let column = Column(name: String(fields[3]), center: center, unit: unit)
      if fields[0] == "column" { columns.append(column) } else { conditions.append(column) }
    }
  }

  /// `32×32×3`, of sequences `48×2`, of vectors `7`.
  public func shown(_ shape: Shape) -> String {
    extents(of: shape).map(String.init).joined(separator: "×")
  }

  /// The extents that mean something, of `[H, W, C]`.
  public func extents(of shape: Shape) -> [Int] {
    switch kind {
    case .images: shape.dimensions
    case .sequences: [shape[1], shape[2]]
    case .vectors: [shape[2]]
    }
  }

  /// Network values in the data's own units.
  public func numbers(of values: UnsafeBufferPointer<Float>) -> [Float] {
    guard !columns.isEmpty else { return Array(values) }
    return values.indices.map { Float(columns[$0 % columns.count].number(of: Double(values[$0]))) }
  }
}
