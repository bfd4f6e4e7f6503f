import Files

/// Prints lines for a person, in place of Swift's own: names of files and classes cannot steer the terminal.
func print(_ text: String) { Swift.print(printable(text)) }

/// `text` filled up with spaces on the right.
func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

/// A number with so many decimals, right-aligned.
func decimal(_ value: Double, _ decimals: Int, width: Int = 0) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return leftPadded("\(value)", width) }
  let scale = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
  let scaled = Int64((abs(value) * scale).rounded())
  let (whole, rest) = scaled.quotientAndRemainder(dividingBy: Int64(scale))
  let digits = String(rest)
  let fraction = decimals > 0 ? "." + String(repeating: "0", count: decimals - digits.count) + digits : ""
  return leftPadded((value < 0 && scaled > 0 ? "-" : "") + "\(whole)" + fraction, width)
}

private func leftPadded(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}
