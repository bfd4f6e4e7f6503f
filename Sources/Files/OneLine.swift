// What comes from outside goes into messages in one line, and without what would steer a terminal.

/// The text with its control characters and ends of lines written as escapes: `a\nb`.
public func escaped(_ text: String) -> String { escaped(text) { isPlain($0) } }

/// Several lines as a terminal may show them: what is no end of a line is escaped as above.
public func printable(_ text: String) -> String { escaped(text) { $0 == "\n" || isPlain($0) } }

private func escaped(_ text: String, _ isKept: (Unicode.Scalar) -> Bool) -> String {
  guard !text.unicodeScalars.allSatisfy(isKept) else { return text }
  var result = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    if isKept(scalar) { result.append(scalar) } else { result += scalar.escaped(asASCII: true).unicodeScalars }
  }
  return String(result)
}

/// As much of the text as fits into a message, escaped.
public func clipped(_ text: String, atMost most: Int = 80) -> String {
  // By scalars: one character may have a hundred thousand accents.
  var start = String.UnicodeScalarView()
  start.append(contentsOf: text.unicodeScalars.prefix(most))
  return escaped(String(start)) + (text.unicodeScalars.dropFirst(most).isEmpty ? "" : "…")
}

/// Whether a scalar shows itself and nothing else: it neither steers a terminal nor ends a line, nor does it turn the
/// order of those around it, which would make one name look like another.
public func isPlain(_ scalar: Unicode.Scalar) -> Bool {
  if (0x20..<0x7F).contains(scalar.value) { return true }
  switch scalar.properties.generalCategory {
  case .control, .lineSeparator, .paragraphSeparator: return false
  default: return !scalar.properties.isBidiControl
  }
}

extension StringProtocol {
  /// The text without blanks, of any kind, at its ends.
  package var trimmed: String {
    var text = self[...]
    while let first = text.first, first.isWhitespace { text = text.dropFirst() }
    while let last = text.last, last.isWhitespace { text = text.dropLast() }
    return String(text)
  }
}
