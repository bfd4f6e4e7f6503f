import Foundation
import Testing

@testable import Datasets

/// However a table is stored, its names and numbers are the same.
@Suite struct TableEncodingTests {
  private let files: TableFiles

  init() throws { files = try TableFiles() }

  private static let towns = ["Möln", "Mäln", "Oslo"]
  private static let expected = (0..<30).map { towns[$0 % 3] }

  private func text(_ towns: [String] = Self.towns) -> String {
    "x,größe,town\r\n" + (0..<30).map { "\(Double($0) * 1.5),\($0 % 7),\(towns[$0 % towns.count])\r\n" }.joined()
  }

  /// Little-endian, without a mark.
  private func utf16(_ text: String) -> [UInt8] { text.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] } }

  private func windows1252(_ text: String) throws -> [UInt8] { [UInt8](try #require(text.data(using: .windowsCP1252))) }

  private func isRead(_ bytes: [UInt8], as name: String = "t.csv", saying note: String = "") throws -> Bool {
    let data = try files.load(bytes, as: name) { $0.labelColumn = "town" }
    let found = TableContents(data)
    return found.classes == Self.expected && data.classNames == ["Mäln", "Möln", "Oslo"]
      && found.names == ["x", "größe"] && agree(found.column("x"), (0..<30).map { Double($0) * 1.5 })
      && (note.isEmpty || found.notes.contains(note))
  }

  @Test("UTF-8, UTF-16 of both orders and Windows-1252 give the same classes")
  func encodings() throws {
    let (text, utf8) = (text(), Array(text().utf8))
    #expect(try isRead(utf8))
    #expect(try isRead([0xEF, 0xBB, 0xBF] + utf8))
    let little = utf16(text)
    let big = text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    for bytes in [little, big, [0xFF, 0xFE] + little, [0xFE, 0xFF] + big] {
      #expect(try isRead(bytes, saying: "is read as UTF-16"))
    }
    let latin = try windows1252(text)
    #expect(try isRead(latin, saying: "is read as Windows-1252, where line 1 has \"größe\""))
    let euro = "x,y,town\n" + (0..<30).map { "\($0 % 4).5,1,\(["5 €", "“š”"][$0 % 2])\n" }.joined()
    let data = try files.load(windows1252(euro)) { $0.labelColumn = "town" }
    #expect(data.classNames == ["5 €", "“š”"] || data.classNames == ["“š”", "5 €"])
  }

  @Test("characters outside the basic plane come through UTF-16")
  func surrogates() throws {
    let text = text(["🐈", "🐕"])
    let bytes = [0xFF, 0xFE] + utf16(text)
    #expect(Set(try files.load(bytes) { $0.labelColumn = "town" }.classNames) == ["🐈", "🐕"])
  }

  @Test("packed tables, upper-case suffixes, and line ends of all systems are read")
  func packedFiles() throws {
    let utf8 = Array(text().utf8)
    for name in ["t.csv.gz", "T.CSV.GZ", "t.tsv.gz", "t.csv"] { #expect(try isRead(packed(utf8), as: name)) }
    for name in ["DATA.CSV", "data.Tsv"] { #expect(try isRead(utf8, as: name)) }
    for end in ["\n", "\r", "\r\n"] {
      #expect(try isRead(Array(text().replacing("\r\n", with: end).utf8)))
    }
    let cut = Array(packed(utf8).dropLast(30))
    #expect(files.refusal(cut).contains("the gzip data go on; the copy was cut short"))
  }

  @Test("what is no text, or in no known encoding, is refused with its line")
  func refusals() throws {
    let utf8 = Array(text().utf8)
    let latin = try windows1252(text())
    #expect(files.refusal(utf8 + latin.dropFirst(15)).contains("line 32 is no UTF-8, other lines are"))
    #expect(files.refusal(latin + [0x81, 10]).contains("line 32 is neither UTF-8 nor Windows-1252 (byte 0x81)"))
    #expect(files.refusal(utf8 + [49, 0, 50, 10]).contains("line 32 has a NUL byte"))
    #expect(
      files.refusal([0xFF, 0xFE] + utf16(text()) + [65]).contains(
        "cut short"))
    #expect(files.refusal([0xFF, 0xFE, 65, 0, 10, 0, 0, 0xD8, 66, 0]).contains("line 2 is no UTF-16"))
    #expect(files.refusal([0x50, 0x4B, 3, 4, 1, 2]).contains("a zip archive or an Excel workbook"))
    #expect(files.refusal([0xFF, 0xFE, 0, 0, 65, 0, 0, 0]).contains("UTF-32"))
  }

  @Test("damaged tables are read or refused, and never more")
  func damage() throws {
    var damage = Damage(state: 0x9E37_79B9_7F4A_7C15)
    let units = utf16(text())
    let sources = [
      Array(text().utf8), [0xFF, 0xFE] + units, units, packed(Array(text().utf8)), Array("\"a;b\",\"c\"\n".utf8),
    ]
    for round in 0..<400 {
      let bytes = damage.apply(to: sources[round % sources.count])
      #expect(files.refusal(bytes).count > 0)
    }
    for count in 0..<200 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &damage) }
      #expect(files.refusal(bytes).count > 0)
      let ascii = (0..<count).map { _ in Array("0123456789,;\t|\"\r\n.-eNA #".utf8).randomElement(using: &damage)! }
      #expect(files.refusal(ascii).count > 0)
    }
  }
}
