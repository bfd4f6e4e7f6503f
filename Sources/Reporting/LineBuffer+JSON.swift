import Files

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
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"", "\\":
        append(UInt8(ascii: "\\"))
        append(UInt8(ascii: scalar))
      // All of these have 16 bits.
      case _ where !isPlain(scalar):
        append("\\u" as StaticString)
        for shift in [12, 8, 4, 0] as [UInt32] {
          append(Self.hexadecimalDigit(UInt8(truncatingIfNeeded: scalar.value >> shift & 15)))
        }
      default: for byte in UTF8.encode(scalar)! { append(byte) }
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
