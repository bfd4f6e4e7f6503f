/// How values were measured: those of another protocol say nothing about these.
public struct MeasurementProtocol: Sendable, Equatable, CustomStringConvertible {
  /// Names and values, in the order in which they are compared.
  public let fields: [(name: String, value: String)]

  public init(_ fields: [(name: String, value: String)]) { self.fields = fields }

  public static func == (a: Self, b: Self) -> Bool {
    a.fields.map(\.name) == b.fields.map(\.name) && a.fields.map(\.value) == b.fields.map(\.value)
  }

  /// `features: …; samples: …`
  public var description: String { fields.map { "\($0.name): \($0.value)" }.joined(separator: "; ") }

  /// Reads a description; nil where it is none.
  public init?(text: String) {
    var fields: [(name: String, value: String)] = []
    for part in text.split(separator: "; ") {
      guard let colon = part.firstRange(of: ": ") else { return nil }
      fields.append((String(part[..<colon.lowerBound]), String(part[colon.upperBound...])))
    }
    self.init(fields)
  }

  /// The seed is told and not compared: over several of them a value shows how sure it is.
  ///
  /// - Throws: naming the first field that differs.
  public func check(comparableWith other: Self) throws(MeasureError) {
    let names = fields.map(\.name) + other.fields.map(\.name).filter { name in !fields.contains { $0.name == name } }
    for name in names where name != "seed" {
      let value = { (from: Self) in from.fields.first { $0.name == name }?.value ?? "not stated" }
      guard value(self) == value(other) else {
        throw .differentProtocols(field: name, value(self), value(other))
      }
    }
  }
}
