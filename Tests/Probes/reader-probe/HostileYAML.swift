/// YAML that a reader of recipes should survive.
enum HostileYAML {
  /// A value for a key, on the key's line.
  static func value(_ dice: inout Dice) -> [UInt8] {
    let long = dice.pick([100, 10_000, 200_000])
    switch dice.below(20) {
    case 0: return repeated("9", long)
    case 1: return Array("1e".utf8) + repeated("9", long)
    case 2: return repeated("_", long)
    case 3: return [UInt8(ascii: "e")] + repeated("\u{301}", long / 2)
    case 4: return Array("[".utf8) + repeated("1, ", long / 3) + Array("1]".utf8)
    case 5: return Array("\"a\\nb\\0c\\e\\x1b\\u2028\\L\\P\\N\"".utf8)
    case 6: return Array("\"\\ud800\\udfff\\U00110000\"".utf8)
    case 7: return Array("\"".utf8) + repeated("\\\"", long) + Array("\"".utf8)
    case 8: return Array("|9\n".utf8) + repeated("         x\n", 40)
    case 9: return Array(">-\n".utf8) + repeated("      long\n\n", long / 20)
    case 10: return Array("!!binary \"aGVsbG8=\"".utf8)
    case 11: return Array(dice.pick(["!!int x", "!<tag:a,b:c> 1", "!!null 3", "!!float \"1\"", "!e!x 1"]).utf8)
    case 12: return [UInt8(ascii: "a"), 0, UInt8(ascii: "b")]
    case 13: return Array(dice.pick([".inf", "-.inf", ".nan", "nan", "inf", "0x1p-2", "1_0", "0b1", "1:30"]).utf8)
    case 14: return Array(dice.pick(["9223372036854775808", "-9223372036854775808", "1e400", "-0", "4.9e-324"]).utf8)
    case 15: return Array("'".utf8) + repeated("''", long) + Array("'".utf8)
    case 16: return Array("{a: {b: {c: [d]}}}".utf8)
    case 17: return Array("folder:/a\u{202E}b\u{7}\u{9B}31m".utf8)
    case 18: return Array("\"".utf8) + repeated("line \\\n   ", long / 10) + Array("\"".utf8)
    default: return dice.bytes(1 + dice.below(40))
    }
  }

  static func makeCase(_ dice: inout Dice, name: String) -> Case {
    let depth = dice.pick([10, 900, 1_100, 10_000, 100_000])
    let (kind, bytes): (String, [UInt8]) =
      switch dice.below(18) {
      case 0: ("alias bomb", bomb(&dice, "{x: @, y: @, z: @}", asKey: false))
      case 1: ("alias bomb", bomb(&dice, "[@, @, @, @, @, @, @, @, @]", asKey: false))
      case 2: ("alias bomb as a key", bomb(&dice, "[@, @, @, @, @, @, @, @, @]", asKey: true))
      case 3: ("alias bomb as a key", bomb(&dice, "{x: @, y: @, z: @}", asKey: true))
      case 4: ("alias bomb with long keys", longKeys(&dice))
      case 5: ("chain of aliases", chain(&dice))
      case 6: ("merge keys", Array("a: &a {seed: 1}\n<<: *a\ntraining: {<<: [*a, *a], batchSize: 3}\n".utf8))
      case 7:
        (
          "deep nesting",
          Array(dice.pick(["", "seed: "]).utf8)
            + repeated(dice.pick(["[", "{", "{a: ", "[{", "- ", "? ", "? - ", "[? "]), depth)
        )
      case 8: ("deep nesting by indents", (0..<min(depth, 1_200)).flatMap { repeated(" ", $0) + Array("a:\n".utf8) })
      case 9: ("many keys", (0..<min(depth, 50_000)).flatMap { Array("k\($0): \($0)\n".utf8) })
      case 10: ("one key, many times", repeated("seed: 1\n", min(depth, 50_000)))
      case 11: ("many keys, twice", (0..<min(depth, 20_000)).flatMap { Array("key\($0 / 2): 1\n".utf8) })
      case 12: ("nested complex keys", repeated("? ", min(depth, 990)) + repeated("[a, ", 8_000) + Array("b".utf8))
      case 13: ("complex keys", repeated("? {a: [\(String(repeating: "b, ", count: 300))]}\n: 1\n", min(depth, 800)))
      case 14: ("hostile key", [0x22] + hostileKey(&dice) + Array("\": 1\n".utf8))
      case 15: ("many documents", repeated("---\nseed: 1\n...\n", min(depth, 30_000)))
      case 16 where dice.one(in: 2):
        ("long group of many keys", group(&dice))
      case 16: ("another encoding", otherEncoding(&dice))
      default: ("shuffled tokens", shuffledTokens(&dice))
      }
    return Case(kind, name, bytes)
  }

  /// A few lines that stand for billions of values.
  private static func bomb(_ dice: inout Dice, _ pattern: String, asKey: Bool) -> [UInt8] {
    var text = "a0: &a0 [1, 2]\n"
    let levels = dice.pick([3, 12, 40])
    for level in 1...levels {
      let body = pattern.split(separator: "@", omittingEmptySubsequences: false).joined(separator: "*a\(level - 1)")
      text += "a\(level): &a\(level) \(body)\n"
    }
    if asKey { text += dice.one(in: 2) ? "? *a\(levels)\n: 1\n" : "b: {*a\(levels) : 1, *a\(levels - 1) : 2}\n" }
    return Array(text.utf8)
  }

  /// Paths made of the keys of ten levels, ten thousand times.
  private static func longKeys(_ dice: inout Dice) -> [UInt8] {
    let key = { (level: Int, branch: Int) in "\(level)\(branch)" + String(repeating: "k", count: 20_000) }
    var text = "a0: &a0 {x: 1}\n"
    for level in 1...9 {
      text += "a\(level): &a\(level) {\(key(level, 0)): *a\(level - 1), \(key(level, 1)): *a\(level - 1)}\n"
    }
    return Array(text.utf8)
  }

  /// Each link is as deep as the parser allows, and holds the one before.
  private static func chain(_ dice: inout Dice) -> [UInt8] {
    let (open, close) = dice.pick([("[", "]"), ("{x: ", "}"), ("{\"\": ", "}")])
    var text = Array("a0: &a0 1\n".utf8)
    for link in 1...dice.pick([5, 8, 50, 150]) {
      text += Array("a\(link): &a\(link) ".utf8) + repeated(open, 990) + Array("*a\(link - 1)".utf8)
      text += repeated(close, 990) + [0x0A]
    }
    return text
  }

  private static func group(_ dice: inout Dice) -> [UInt8] {
    joined(
      Array("? ".utf8), repeated("k", dice.pick([900, 400_000])), Array("\n:\n".utf8),
      (0..<9_000).flatMap { Array("  a\($0): 1\n".utf8) })
  }

  private static func hostileKey(_ dice: inout Dice) -> [UInt8] {
    switch dice.below(6) {
    case 0: Array("a\\nb".utf8)
    case 1: Array("\\e[31mseed".utf8)
    case 2: [UInt8(ascii: "e")] + repeated("\u{301}", 100_000)
    case 3: repeated("seed", 1 + dice.below(30_000))
    case 4: Array("a.b.c\\u2028".utf8)
    default: repeated("9", 1 + dice.below(120_000))
    }
  }

  private static func otherEncoding(_ dice: inout Dice) -> [UInt8] {
    let text = Array("seed: 1\nname: é\n".utf8)
    switch dice.below(4) {
    case 0: return [0xEF, 0xBB, 0xBF] + text
    case 1: return [0xFF, 0xFE] + text.flatMap { [$0, 0] }
    case 2: return [0xFE, 0xFF] + text.flatMap { [0, $0] }
    default: return text + [dice.byte() | 0x80]
    }
  }

  private static func shuffledTokens(_ dice: inout Dice) -> [UInt8] {
    let tokens = [
      "{", "}", "[", "]", ": ", ",", "- ", "? ", "\n", "\n  ", "\t", "&a ", "*a ", "!!str ", "\"", "'", "|", ">", "#",
      "%",
      "---\n", "...\n", "seed", "training", "1", "<<", "@", "`", "\u{FEFF}", "\0",
    ]
    return Array((0..<1 + dice.below(60)).map { _ in dice.pick(tokens) }.joined().utf8)
  }
}
