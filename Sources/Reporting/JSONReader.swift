/// What a JSON text holds.
package indirect enum JSONValue: Equatable {
  case object([String: JSONValue])
  case array([JSONValue])
  case number(Double)
  case text(String)
  case bool(Bool)
  case null
}

/// Reads what `LineBuffer` writes: machine files and lines of metrics. A key given twice is an error, and so is an escape
/// that is never written: of `\u`, only control characters are.
package struct JSONReader {
  package struct Problem: Error, Equatable { package let reason: String }

  /// A machine file has objects in an array in an object.
  private static let deepest = 8

  private let bytes: [UInt8]
  private var position = 0

  package static func read(_ bytes: [UInt8]) throws(Problem) -> JSONValue {
    var reader = JSONReader(bytes: bytes)
    let value = try reader.value(depth: 0)
    reader.skipBlanks()
    guard reader.position == bytes.count else { throw reader.problem("text behind the end") }
    return value
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func value(depth: Int) throws(Problem) -> JSONValue {
    guard depth < Self.deepest else { throw problem("more than \(Self.deepest) levels") }
    skipBlanks()
    switch position < bytes.count ? bytes[position] : 0 {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    default: throw problem("an object, array, number or string is missing")
    }
  }

  private mutating func word(_ text: StaticString, _ value: JSONValue) throws(Problem) -> JSONValue {
    let isThere = text.withUTF8Buffer { bytes[position...].starts(with: $0) }
    guard isThere else { throw problem("an object, array, number or string is missing") }
    position += text.utf8CodeUnitCount
    return value
  }

  private mutating func object(depth: Int) throws(Problem) -> JSONValue {
    try expect("{")
    var members: [String: JSONValue] = [:]
    if take("}") { return .object(members) }
    repeat {
      skipBlanks()
      let name = try string()
      try expect(":")
      guard members.updateValue(try value(depth: depth + 1), forKey: name) == nil else {
        throw problem("a key is given twice")
      }
    } while take(",")
    try expect("}")
    return .object(members)
  }

  private mutating func array(depth: Int) throws(Problem) -> JSONValue {
    try expect("[")
    var values: [JSONValue] = []
    if take("]") { return .array(values) }
    repeat { values.append(try value(depth: depth + 1)) } while take(",")
    try expect("]")
    return .array(values)
  }

  private mutating func number() throws(Problem) -> Double {
    let start = position
    while position < bytes.count, Self.numberCharacters.contains(bytes[position]) { position += 1 }
    guard let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)), value.isFinite else {
      throw problem("not a number")
    }
    return value
  }

  private static let numberCharacters = Set("+-.0123456789eE".utf8)

  private mutating func string() throws(Problem) -> String {
    guard take("\"") else { throw problem("\" is missing") }
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: text, as: UTF8.self) else { throw problem("a string is no UTF-8") }
        return text
      case UInt8(ascii: "\\"):
        text.append(try escaped())
      case 0..<0x20: throw problem("a control character in a string")
      default: text.append(byte)
      }
    }
    throw problem("a string without end")
  }

  /// What stands behind a backslash.
  private mutating func escaped() throws(Problem) -> UInt8 {
    guard position < bytes.count else { throw problem("a string without end") }
    let byte = bytes[position]
    position += 1
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return byte }
    guard byte == UInt8(ascii: "u"), position + 4 <= bytes.count,
      let code = UInt8(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16), code < 0x20
    else { throw problem("an unknown escape in a string") }
    position += 4
    return code
  }

  private mutating func skipBlanks() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(Problem) {
    guard take(character) else { throw problem("\(character) is missing") }
  }

  private func problem(_ reason: String) -> Problem { Problem(reason: "byte \(position): \(reason)") }
}
