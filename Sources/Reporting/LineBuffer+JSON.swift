extension LineBuffer {
  /// `{`
  public func beginObject() { append(UInt8(ascii: "{")) }

  /// `}`
  public func endObject() { append(UInt8(ascii: "}")) }

  /// A number; null when it is not finite, since JSON has no NaN.
  public func field(_ name: StaticString, _ value: Double, significantDigits: Int = 7) {
    key(name)
    guard value.isFinite else { return append("null" as StaticString) }
    append(value, significantDigits: significantDigits)
  }

  /// A number under a name that is known only when the program runs.
  public func field(named name: String, _ value: Double, significantDigits: Int = 7) {
    if let last, last != UInt8(ascii: "{") { append(UInt8(ascii: ",")) }
    append(quoted: name)
    append(UInt8(ascii: ":"))
    guard value.isFinite else { return append("null" as StaticString) }
    append(value, significantDigits: significantDigits)
  }

  public func field(_ name: StaticString, _ value: Float) { field(name, Double(value)) }

  public func field(_ name: StaticString, _ value: Int) {
    key(name)
    append(value)
  }

  public func field(_ name: StaticString, _ value: Bool) {
    key(name)
    if value { append("true" as StaticString) } else { append("false" as StaticString) }
  }

  /// A text of the source code, without quotes, backslashes or control characters.
  public func field(_ name: StaticString, _ value: StaticString) {
    key(name)
    append(UInt8(ascii: "\""))
    append(value)
    append(UInt8(ascii: "\""))
  }

  /// Any text, escaped.
  public func field(_ name: StaticString, text value: String) {
    key(name)
    append(quoted: value)
  }

  /// Texts, each escaped.
  public func field(_ name: StaticString, texts: some Sequence<String>) {
    beginArray(name)
    for text in texts {
      if let last, last != UInt8(ascii: "[") { append(UInt8(ascii: ",")) }
      append(quoted: text)
    }
    endArray()
  }

  /// Any text under a name that is known only when the program runs.
  public func field(named name: String, text value: String) {
    if let last, last != UInt8(ascii: "{") { append(UInt8(ascii: ",")) }
    append(quoted: name)
    append(UInt8(ascii: ":"))
    append(quoted: value)
  }

  func append(quoted value: String) {
    append(UInt8(ascii: "\""))
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        append(UInt8(ascii: "\\"))
        append(byte)
      case 0..<0x20:
        append("\\u00" as StaticString)
        append(Self.hexadecimalDigit(byte >> 4))
        append(Self.hexadecimalDigit(byte & 15))
      default: append(byte)
      }
    }
    append(UInt8(ascii: "\""))
  }

  private func key(_ name: StaticString) {
    if let last, last != UInt8(ascii: "{") { append(UInt8(ascii: ",")) }
    append(UInt8(ascii: "\""))
    append(name)
    append("\":" as StaticString)
  }

  private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}

extension LineBuffer {
  /// `"name":[`
  public func beginArray(_ name: StaticString) {
    key(name)
    append(UInt8(ascii: "["))
  }

  /// `{`, after a comma where it is not the array's first.
  public func beginElement() {
    if let last, last != UInt8(ascii: "[") { append(UInt8(ascii: ",")) }
    beginObject()
  }

  /// A number of an array.
  public func element(_ value: Double, significantDigits: Int = 7) {
    if let last, last != UInt8(ascii: "[") { append(UInt8(ascii: ",")) }
    guard value.isFinite else { return append("null" as StaticString) }
    append(value, significantDigits: significantDigits)
  }

  public func endArray() { append(UInt8(ascii: "]")) }
}
