import Files

/// Walks once through lines of separated fields; quotes as RFC 4180 has them.
struct TableParser {
  /// A field without the blanks around it.
  struct Field {
    /// In bytes of the text, quotes included.
    var range: Range<Int>
    /// In quotes from end to end.
    var isQuoted: Bool

    /// Without quotes.
    var isEmpty: Bool { isQuoted ? range.count == 2 : range.isEmpty }
  }

  /// Where a line begins.
  struct Place {
    /// In bytes of the text.
    var position = 0
    /// From 1 on.
    var line = 1
  }

  private static let linesBetweenStops = 1_024

  let text: TableText
  let separator: UInt8
  /// Of the line read last; of one over several lines the first.
  private(set) var line: Int
  private var position: Int
  private var nextLine: Int

  /// Of the line that is read next.
  var place: Place { Place(position: position, line: nextLine) }

  init(_ text: TableText, separator: UInt8, from place: Place = Place()) {
    self.text = text
    self.separator = separator
    position = place.position
    line = place.line
    nextLine = place.line
  }

  /// Puts the fields of the next line into `fields`; false at the end. Empty lines are passed over.
  ///
  /// - Throws: where a quote stays open.
  mutating func next(into fields: inout [Field]) throws(DatasetError) -> Bool {
    let (quote, tab) = (UInt8(ascii: "\""), UInt8(ascii: "\t"))
    let end = text.count
    while position < end {
      if line / Self.linesBetweenStops != nextLine / Self.linesBetweenStops {
        do throws(FileError) { try text.limits.checkStop(text.path) } catch { throw DatasetError(error) }
      }
      line = nextLine
      fields.removeAll(keepingCapacity: true)
      while true {
        while text.bytes[position] == 32 || text.bytes[position] == tab && separator != tab { position += 1 }
        let start = position
        var quotedEnd = -1
        if text.bytes[position] == quote {
          try passQuoted()
          quotedEnd = position
        }
        while position < end {
          let byte = text.bytes[position]
          if byte == separator || byte == 10 || byte == 13 { break }
          position += 1
        }
        var last = position
        while last > start, text.bytes[last - 1] == 32 || text.bytes[last - 1] == tab { last -= 1 }
        fields.append(Field(range: start..<last, isQuoted: quotedEnd == last))
        guard position < end else { break }
        let byte = text.bytes[position]
        position += 1
        if byte == separator { continue }
        if byte == 13, text.bytes[position] == 10 { position += 1 }
        nextLine += 1
        break
      }
      if fields.count == 1, fields[0].range.isEmpty { continue }
      return true
    }
    return false
  }

  /// Goes behind the quote that ends what one at `position` begins.
  private mutating func passQuoted() throws(DatasetError) {
    let quote = UInt8(ascii: "\"")
    position += 1
    while position < text.count {
      let (byte, following) = (text.bytes[position], text.bytes[position + 1])
      position += 1
      if byte == quote {
        guard following == quote else { return }
        position += 1
      } else if byte == 10 || byte == 13 && following != 10 {
        nextLine += 1
      }
    }
    throw error("a quote is not closed", "close it")
  }

  /// What a field says, without quotes.
  func content(_ field: Field) -> String {
    guard field.isQuoted else { return String(decoding: text.bytes[field.range], as: UTF8.self) }
    let quote = UInt8(ascii: "\"")
    var bytes: [UInt8] = []
    var index = field.range.lowerBound + 1
    while index < field.range.upperBound - 1 {
      bytes.append(text.bytes[index])
      // A quote inside is written twice.
      index += text.bytes[index] == quote ? 2 : 1
    }
    let isBlank = { (byte: UInt8) in byte == 32 || byte == 9 }
    guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
    else { return "" }
    return String(decoding: bytes[first...last], as: UTF8.self)
  }

  /// What a field says as numbers go. A comma may be the decimal mark where it does not separate.
  func cell(_ field: Field) -> TableCell {
    TableCell(text.bytes, field.range, isQuoted: field.isQuoted, allowsComma: separator != UInt8(ascii: ","))
  }

  func error(_ reason: String, _ remedy: String) -> DatasetError { error(line: line, reason, remedy) }

  func error(line: Int, _ reason: String, _ remedy: String) -> DatasetError {
    DatasetError(file: text.path, reason: "line \(grouped(line)): \(reason)", remedy: remedy)
  }
}
