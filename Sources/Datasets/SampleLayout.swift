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

  /// What stands for black, −1, and white, 1: number = value · unit + center. Bytes, unless an array had other numbers.
  public var pixels: Column { columns.first ?? Column(name: "pixels", center: 127.5, unit: 127.5) }

  /// The same with every scale written out, that of pixels included.
  public var explicit: SampleLayout {
    kind == .images ? SampleLayout(kind: kind, columns: [pixels], conditions: conditions) : self
  }

  /// As JSON.
  public var text: String { JSONValue.object(members).text }

  /// Reads `text`, or what earlier versions wrote: a line for the kind, one a column. What is no such line is passed over,
  /// and what is no kind stands for images.
  public init(text: String) {
    if case .object(let members)? = try? JSONReader.read(Array(text.utf8)), let layout = SampleLayout(members) {
      self = layout
      return
    }
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

  /// Network values as samples are given out: vectors and sequences in the data's own units, images from −1, black, to 1,
  /// white, whatever their pixels were.
  public func numbers(of values: UnsafeBufferPointer<Float>) -> [Float] {
    guard kind != .images, !columns.isEmpty else { return Array(values) }
    return values.indices.map { Float(columns[$0 % columns.count].number(of: Double(values[$0]))) }
  }
}

/// As JSON.
extension SampleLayout {
  var members: [String: JSONValue] {
    ["kind": .text(kind.rawValue), "columns": Self.array(columns), "conditions": Self.array(conditions)]
  }

  /// Nil where a member is missing or wrong.
  init?(_ members: [String: JSONValue]) {
    guard case .text(let kind)? = members["kind"], let kind = Kind(rawValue: kind),
      let columns = Self.columns(members["columns"]), let conditions = Self.columns(members["conditions"])
    else { return nil }
    self.init(kind: kind, columns: columns, conditions: conditions)
  }

  private static func array(_ columns: [Column]) -> JSONValue {
    .array(
      columns.map { .object(["name": .text($0.name), "center": .number($0.center), "unit": .number($0.unit)]) })
  }

  private static func columns(_ value: JSONValue?) -> [Column]? {
    guard case .array(let values)? = value else { return nil }
    let columns = values.compactMap { value -> Column? in
      guard case .object(let members) = value, case .text(let name)? = members["name"],
        case .number(let center)? = members["center"], case .number(let unit)? = members["unit"], unit > 0
      else { return nil }
      return Column(name: name, center: center, unit: unit)
    }
    return columns.count == values.count ? columns : nil
  }
}
