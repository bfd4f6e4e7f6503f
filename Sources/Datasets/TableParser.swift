import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Walks once through text of comma-, semicolon- or tab-separated fields; quotes as RFC 4180 has them.
struct TableParser {
  let path: String
  /// From the first line, or `1`, `2`, … where that has numbers only.
  private(set) var names: [String] = []
  /// Of the first line of data, by column.
  private(set) var firstIsNumber: [Bool] = []
  private let text: [UInt8]
  private let separator: UInt8
  private var position: Int
  /// Of the row read last, from 1 on.
  private(set) var line = 0

  init(path: String, text: [UInt8]) throws(DatasetError) {
    self.path = path
    // strtod has to meet an end.
    let hasMark = text.starts(with: [0xEF, 0xBB, 0xBF])
    self.text = (hasMark ? Array(text.dropFirst(3)) : text) + [0]
    let first = self.text.prefix { $0 != UInt8(ascii: "\n") }
    separator =
      [UInt8(ascii: "\t"), UInt8(ascii: ";"), UInt8(ascii: ",")].first { first.contains($0) } ?? UInt8(ascii: ",")
    position = 0

    guard let header = try nextFields() else {
      throw DatasetError(file: path, reason: "is empty", remedy: "give a line of names, then a line a sample")
    }
    let isHeader = header.contains { Self.number(self.text, $0) == nil && !$0.isEmpty }
    let found = header.map { String(decoding: Self.content(self.text, $0), as: UTF8.self) }
    names = isHeader ? found.map(escaped) : found.indices.map { String($0 + 1) }
    guard Set(names).count == names.count else {
      let twice = Dictionary(grouping: names, by: { $0 }).first { $1.count > 1 }?.key ?? ""
      throw DatasetError(
        file: path, reason: "two columns are called \(twice.debugDescription)", remedy: "name each once")
    }
    if !isHeader { (position, line) = (0, 0) }
    let (start, startLine) = (position, line)
    firstIsNumber = try nextRow().map { $0.map { Self.number(self.text, $0) != nil || $0.isEmpty } } ?? []
    if firstIsNumber.isEmpty {
      throw DatasetError(file: path, reason: "no line of data", remedy: "give a line a sample")
    }
    (position, line) = (start, startLine)
  }

  /// Where the fields of the next line lie; nil at the end. Empty lines are passed over.
  ///
  /// - Throws: a line of other than the first line's number of fields.
  mutating func nextRow() throws(DatasetError) -> [Range<Int>]? {
    guard let fields = try nextFields() else { return nil }
    guard fields.count == names.count else {
      throw error(
        "\(fields.count) fields, the first line has \(names.count)", "mend the line; fields with commas need quotes")
    }
    return fields
  }

  /// The number in a field; NaN where it is empty.
  func number(_ field: Range<Int>, column: Int) throws(DatasetError) -> Double {
    if field.isEmpty { return .nan }
    guard let number = Self.number(text, field) else {
      let shown = clipped(self.text(field).debugDescription, atMost: 40)
      throw error(
        "column \(names[column]) is \(shown), no number",
        "mend it, name the column in data.label if it is a class, or leave it out of data.columns")
    }
    return number
  }

  func text(_ field: Range<Int>) -> String { escaped(String(decoding: Self.content(text, field), as: UTF8.self)) }

  private func error(_ reason: String, _ remedy: String) -> DatasetError {
    DatasetError(file: path, reason: "line \(grouped(line)): \(reason)", remedy: remedy)
  }

  private static func content(_ text: [UInt8], _ field: Range<Int>) -> [UInt8] {
    let quote = UInt8(ascii: "\"")
    guard field.count >= 2, text[field.lowerBound] == quote else { return Array(text[field]) }
    var bytes: [UInt8] = []
    var index = field.lowerBound + 1
    while index < field.upperBound - 1 {
      bytes.append(text[index])
      // A quote inside is written twice.
      index += text[index] == quote ? 2 : 1
    }
    return bytes
  }

  private static func number(_ text: [UInt8], _ field: Range<Int>) -> Double? {
    guard !field.isEmpty else { return nil }
    return text.withUnsafeBufferPointer { buffer -> Double? in
      guard let base = buffer.baseAddress else { return nil }
      let start = UnsafeRawPointer(base + field.lowerBound).assumingMemoryBound(to: CChar.self)
      var end: UnsafeMutablePointer<CChar>?
      let value = strtod(start, &end)
      return end.map { UnsafePointer($0) == start + field.count } == true ? value : nil
    }
  }

  private mutating func nextFields() throws(DatasetError) -> [Range<Int>]? {
    let (newline, quote, last) = (UInt8(ascii: "\n"), UInt8(ascii: "\""), text.count - 1)
    while position < last {
      line += 1
      var fields: [Range<Int>] = []
      let lineStart = position
      while true {
        var start = position
        while position < last, text[position] == UInt8(ascii: " ") { position += 1 }
        start = position
        if position < last, text[position] == quote {
          position += 1
          while position < last, text[position] != quote || text[position + 1] == quote {
            position += text[position] == quote ? 2 : 1
          }
          guard position < last else { throw error("a quote is not closed", "close it") }
          position += 1
        }
        while position < last, text[position] != separator, text[position] != newline { position += 1 }
        var end = position
        while end > start, [UInt8(ascii: " "), UInt8(ascii: "\r")].contains(text[end - 1]) { end -= 1 }
        fields.append(start..<end)
        let isEnd = position >= last || text[position] == newline
        position += 1
        if isEnd { break }
      }
      if fields.count == 1, fields[0].isEmpty, text[lineStart..<min(position, last)].allSatisfy({ $0 <= 32 }) {
        continue
      }
      return fields
    }
    return nil
  }
}
