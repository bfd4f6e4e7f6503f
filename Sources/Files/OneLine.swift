// What comes from outside goes into messages in one line, and without what would steer a terminal.

/// The text with its control characters and ends of lines written as escapes: `a\nb`.
public func escaped(_ text: String) -> String {
  var line = ""
  for scalar in text.unicodeScalars { line += isPlain(scalar) ? String(scalar) : scalar.escaped(asASCII: true) }
  return line
}

/// As much of the text as fits into a message, escaped.
public func clipped(_ text: String, atMost most: Int = 80) -> String {
  // By scalars: one character may have a hundred thousand accents.
  var start = String.UnicodeScalarView()
  start.append(contentsOf: text.unicodeScalars.prefix(most))
  return escaped(String(start)) + (text.unicodeScalars.dropFirst(most).isEmpty ? "" : "…")
}

private func isPlain(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.properties.generalCategory {
  case .control, .lineSeparator, .paragraphSeparator: false
  default: true
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
