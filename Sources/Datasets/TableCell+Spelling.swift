extension TableCell {
  private static let around: Set<Character> = [
    "+", "-", "−", "<", ">", "≤", "≥", "~", "≈", "%", "‰", "$", "€", "£", "¥", " ", "\u{A0}", "\u{202F}",
  ]
  private static let marks: Set<Character> = [".", ",", "'", "’", "_", " ", "\u{A0}", "\u{202F}"]

  /// Whether a word is a number as it is not read here: with digits in groups, a percent sign, a currency, a bound, or
  /// Fortran's exponent. Dates, addresses and versions are none.
  static func resemblesNumber(_ text: String) -> Bool {
    var number = text[...]
    while let first = number.first, around.contains(first) { number.removeFirst() }
    while let last = number.last, around.contains(last) { number.removeLast() }
    if let letter = number.firstIndex(where: { "eEdD".contains($0) }) {
      let exponent = number[number.index(after: letter)...]
      let digits = exponent.drop { $0 == "+" || $0 == "-" }
      guard !digits.isEmpty, digits.allSatisfy(isDigit) else { return false }
      number = number[..<letter]
    }
    let groups = number.split(omittingEmptySubsequences: false, whereSeparator: marks.contains)
    let between = number.filter(marks.contains)
    guard let first = groups.first, let last = groups.last, number.contains(where: isDigit),
      groups.allSatisfy({ $0.allSatisfy(isDigit) })
    else { return false }
    guard groups.count > 1, let mark = between.last else { return true }
    // A decimal mark is the last, and comes once.
    let hasDecimals = (mark == "." || mark == ",") && between.dropLast().allSatisfy { $0 != mark }
    let inGroups = hasDecimals ? groups.dropLast() : groups[...]
    return (inGroups.count == 1 || first.count <= 3 && !first.isEmpty)
      && inGroups.dropFirst().allSatisfy { $0.count == 3 } && (hasDecimals || last.count == 3)
  }

  private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
}
