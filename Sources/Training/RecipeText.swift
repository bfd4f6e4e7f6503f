/// What the text of a recipe must look like before a YAML parser sees it.
///
/// The parser compares the keys of a group, and with a list or group as a key it walks through all that is in it, aliases
/// written out: a few lines could keep it busy for years. And what aliases nest deeply overruns the stack when it is freed.
enum RecipeText {
  /// A recipe of a thousand lines has forty thousand bytes.
  static let largest = 1 << 20
  /// Shared settings of both networks take a few.
  static let mostAliases = 8
  /// Question marks and brackets in comments count, too, so that some must be allowed.
  private static let mostOddKeys = 8

  /// - Throws: `Failure` when the text is longer than any recipe, or has more aliases, or lists and groups as keys.
  static func check(_ yaml: String, origin: String) throws {
    guard yaml.utf8.count <= largest else {
      throw Failure("\(origin): \(yaml.utf8.count) bytes are no recipe", code: .configuration)
    }
    let (aliases, oddKeys) = signs(in: Array(yaml.utf8))
    guard aliases <= mostAliases else {
      throw Failure(
        "\(origin): \(aliases) aliases, as *name, are more than \(mostAliases); write the values out",
        code: .configuration)
    }
    guard oddKeys == 0 || (aliases == 0 && oddKeys <= mostOddKeys) else {
      throw Failure(
        "\(origin): lists, groups or aliases as keys; a recipe is groups of `key: value` lines", code: .configuration)
    }
  }

  /// Places that could begin an alias (`*name`), and places that could make something else than a word a key: `? key`,
  /// `[…]:`, `{…}:`, `*name:`. Those in comments and texts count as well: what they are only the parser could tell.
  private static func signs(in text: [UInt8]) -> (aliases: Int, oddKeys: Int) {
    var (aliases, oddKeys) = (0, 0)
    for (place, byte) in text.enumerated() {
      switch byte {
      case UInt8(ascii: "*"):
        let name = text[(place + 1)...].prefix(while: isOfName)
        guard !name.isEmpty, canBegin(text, place) else { continue }
        aliases += 1
        if isColon(behind: name.endIndex, text) { oddKeys += 1 }
      case UInt8(ascii: "?"): if canBegin(text, place) { oddKeys += 1 }
      case UInt8(ascii: "]"), UInt8(ascii: "}"): if isColon(behind: place + 1, text) { oddKeys += 1 }
      default: break
      }
    }
    return (aliases, oddKeys)
  }

  /// Whether a sign of YAML can stand at `place` rather than being within a word, such as `a*b` or `images/*`.
  private static func canBegin(_ text: [UInt8], _ place: Int) -> Bool {
    guard place > 0 else { return true }
    let before = text[place - 1]
    return !isOfName(before) && before != UInt8(ascii: "/") && before != UInt8(ascii: ".")
  }

  private static func isColon(behind place: Int, _ text: [UInt8]) -> Bool {
    text[place...].first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") } == UInt8(ascii: ":")
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
  }
}
