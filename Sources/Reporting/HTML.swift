import Files

/// Pieces of a page that needs nothing but itself.
enum HTML {
  /// `text` where markup may stand.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(character)
      default: result += isPlain(character) ? String(character) : character.escaped(asASCII: true)
      }
    }
    return result
  }

  static func page(title: String, body: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
    <title>\(escaped(title))</title>
    <style>
    body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1100px; margin: 2em auto; padding: 0 1em }
    h1 { font-size: 1.6em } h2 { font-size: 1.2em; margin-top: 2em }
    table { border-collapse: collapse } th, td { text-align: left; padding: .2em 1em .2em 0; border-bottom: 1px solid #ddd }
    td.number { text-align: right; font-variant-numeric: tabular-nums }
    pre { background: #f6f6f6; padding: 1em; overflow-x: auto; font-size: 13px }
    figure { display: inline-block; margin: .5em 1em .5em 0; vertical-align: top }
    figcaption { color: #666; font-size: 13px } img { image-rendering: pixelated; max-width: 100% }
    .rows { display: flex; align-items: stretch } .names { display: flex; flex-direction: column }
    .names span { flex: 1; display: flex; align-items: center; justify-content: flex-end; padding-right: .5em; font-size: 12px }
    .verdict { background: #f2f6ff; padding: .8em 1em; border-left: 4px solid #4a74c9 }
    .note { color: #666 }
    </style></head><body>
    \(body)
    </body></html>

    """
  }

  static func table(header: [String], rows: [[String]]) -> String {
    let head = header.map { "<th>\(escaped($0))</th>" }.joined()
    let lines = rows.map { row in
      "<tr>"
        + row.enumerated().map { index, cell in
          let isNumber = index > 0 && Double(cell) != nil
          return "<td\(isNumber ? " class=\"number\"" : "")>\(escaped(cell))</td>"
        }.joined() + "</tr>"
    }
    return "<table><tr>\(head)</tr>\n\(lines.joined(separator: "\n"))</table>"
  }

  /// Base64, as data URLs want it.
  static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    for first in stride(from: 0, to: bytes.count, by: 3) {
      let group = (0..<3).reduce(0) { $0 << 8 | (first + $1 < bytes.count ? Int(bytes[first + $1]) : 0) }
      for place in 0..<4 {
        result.append(first + place <= bytes.count ? alphabet[group >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  static func number(_ value: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    let line = LineBuffer(capacity: 64)
    line.append(value, significantDigits: 4)
    return String(decoding: line.contents, as: UTF8.self)
  }
}
