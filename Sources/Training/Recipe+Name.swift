import Files

extension Recipe {
  private static let mostNameBytes = 100

  /// Refuses a name that is not one part of a path: runs lie in `runs/NAME` where nothing else is said.
  ///
  /// Recipes in checkpoints of earlier versions may have other names; those are read, and no path is made of them.
  ///
  /// - Parameter origin: where the recipe comes from, for the message.
  public func checkName(origin: String) throws {
    guard !Self.isName(name) else { return }
    throw Failure(
      "\(origin): name: \(name.isEmpty ? "(empty)" : clipped(name)) becomes a directory: use letters, digits, _, - and ., "
        + "beginning with a letter, a digit or _, at most \(Self.mostNameBytes) bytes", code: .configuration)
  }

  static func isName(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, first != "-", first != ".", text.utf8.count <= mostNameBytes else {
      return false
    }
    return text.unicodeScalars.allSatisfy { "_-.".unicodeScalars.contains($0) || isLetterOrDigit($0) }
  }

  /// Of any script, with its accents.
  private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
      .spacingMark, .decimalNumber:
      true
    default: false
    }
  }
}
