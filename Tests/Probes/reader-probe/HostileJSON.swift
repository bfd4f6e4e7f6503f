/// JSON that a parser of safetensors headers should survive.
enum HostileJSON {
  static func header(_ dice: inout Dice) -> [UInt8] {
    let tensor = #""dtype":"F32","shape":[3],"data_offsets":[0,12]"#
    switch dice.below(12) {
    case 0: return deep(&dice)
    case 1: return Array("{\"a\":{\(tensor)},\"\(dice.pick(["a", "b", "\\u0061", "__metadata__"]))\":{\(tensor)}}".utf8)
    case 2: return Array("{\"a\":{\(tensor),\(tensor)}}".utf8)
    case 3: return Array("{\"a\":{\"dtype\":\"F32\",\"shape\":[\(number(&dice))],\"data_offsets\":[0,12]}}".utf8)
    case 4: return Array("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[\(number(&dice)),12]}}".utf8)
    case 5: return joined([0x7B, 0x22], string(&dice), Array("\":{\(tensor)}}".utf8))
    case 6:
      return joined(Array("{\"__metadata__\":{\"k\":\"".utf8), string(&dice), Array("\"},\"a\":{\(tensor)}}".utf8))
    case 7: return joined(Array("{\"a\":{\"dtype\":\"".utf8), string(&dice), Array("\",\"shape\":[3]}}".utf8))
    case 8: return joined(Array("{\"a\":{\"".utf8), string(&dice), Array("\":1,\(tensor)}}".utf8))
    case 9:
      // The name shows in the message about the gap.
      return joined([0x7B, 0x22], string(&dice), Array(#"":{"dtype":"U8","shape":[4],"data_offsets":[8,12]}}"#.utf8))
    case 10: return shuffledTokens(&dice)
    default: return dice.damaged(Array("{\"a\":{\(tensor)}}".utf8), beside: Array("{\"b\":{\"a\":[]}}".utf8))
    }
  }

  /// As a JSON string.
  static func quoted(_ text: String) -> String {
    "\"" + text.unicodeScalars.map { $0 == "\n" ? "\\n" : $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
      + "\""
  }

  private static func deep(_ dice: inout Dice) -> [UInt8] {
    let depth = dice.pick([10, 1_000, 100_000])
    let open = dice.pick(["[", "{\"a\":", "[[", "{\"a\":[", "\"a\":{"])
    return Array(dice.pick(["", "{\"a\":", "{\"a\":{\"shape\":", "{\"__metadata__\":"]).utf8) + repeated(open, depth)
  }

  private static func number(_ dice: inout Dice) -> String {
    dice.pick([
      "-1", "1.5", "1e3", "1e999", "9223372036854775807", "9223372036854775808", "18446744073709551616", "0x3", "03",
      "NaN", "Infinity", "+3", "", " ", "true", "null", "\"3\"", "[3]", "3 3", "3,",
      String(repeating: "9", count: 1 + dice.below(100_000)), String(repeating: "0", count: 10_000) + "3",
      String(repeating: "1,", count: 1 + dice.below(40)) + "3",
    ])
  }

  /// The inside of a string, well written or not.
  private static func string(_ dice: inout Dice) -> [UInt8] {
    let pieces: [[UInt8]] = [
      Array("\\n\\r\\t".utf8), Array("\\u0000".utf8), Array("\\u001b[31m".utf8), Array("\\ud83d\\ude42".utf8),
      Array("\\ud83d".utf8), Array("\\ude42".utf8), Array("\\ud83d\\u0041".utf8), Array("\\u12".utf8),
      Array("\\x41".utf8), Array("\\".utf8), Array("\\u2028\\u0085".utf8), [0xC0, 0xAF], [0xED, 0xA0, 0x80],
      [0xF4, 0x90, 0x80, 0x80], [0xFF], [0x80], [0x00], [0x0A], [0x1B], Array("é𝄞".utf8), repeated("a", 600),
      repeated("a\\u0301", 1 + dice.below(20_000)), repeated("x", dice.below(200_000)), Array("../../etc".utf8),
    ]
    return (0...dice.below(3)).flatMap { _ in dice.pick(pieces) }
  }

  private static func shuffledTokens(_ dice: inout Dice) -> [UInt8] {
    let tokens = [
      "{", "}", "[", "]", ":", ",", "\"a\"", "\"dtype\"", "\"F32\"", "\"shape\"", "\"data_offsets\"", "0", "12", " ",
      "\"__metadata__\"", "null", "\u{FEFF}", "\n",
    ]
    return Array((0..<1 + dice.below(40)).map { _ in dice.pick(tokens) }.joined().utf8)
  }
}
