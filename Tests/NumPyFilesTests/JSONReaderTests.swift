import Testing

@testable import Files

@Suite struct JSONReaderTests {
  private func read(_ text: String) throws -> JSONValue { try JSONReader.read(Array(text.utf8)) }

  @Test("what is written is read back, whatever a text holds")
  func roundTrip() throws {
    let texts = ["", "plain", "a\"b\\c", "\n\t\u{0}\u{1F}\u{7F}", "Möln", "🙂", "é", "\u{2028}", ", ", "[]"]
    let value = JSONValue.object([
      "texts": .array(texts.map(JSONValue.text)), "a\"b": .number(-1.5e-300), "c": .array([.bool(true), .null]),
    ])
    #expect(try read(value.text) == value)
    #expect(JSONValue.array(texts.map(JSONValue.text)).texts == texts)
    #expect(JSONValue.array([.text("a"), .number(1)]).texts == nil)
  }

  @Test("every escape of RFC 8259 is understood, halves of characters are refused")
  func escapes() throws {
    #expect(try read(#""\"\\\/\b\f\n\r\t\u00fc\uD83D\uDE42""#) == .text("\"\\/\u{8}\u{C}\n\r\tü🙂"))
    for wrong in [#""\x""#, #""\uD83D""#, #""\uDE42""#, #""\uD83D\u0041""#, #""\u12""#, #""\"#] {
      #expect(throws: JSONReader.Problem.self) { try read(wrong) }
    }
  }
}
