/// Facts of one subject that a rank tells rank 0: plain values under names.
protocol Facts {
  init()
  /// Passes every value once: to be written, or to be replaced by what was read.
  mutating func visit(_ fields: inout some FactFields)
}

/// Who takes the values of `Facts`.
protocol FactFields {
  mutating func field<Value: LosslessStringConvertible>(_ name: String, _ value: inout Value)
  mutating func list<Value: LosslessStringConvertible>(_ name: String, _ values: inout [Value])
}

/// Facts as text: one `name=value` a line, so that a node with another version of the program is understood as far as it
/// can be.
enum FactText {
  private static let separator = "\u{1F}"

  static func write(_ facts: some Facts) -> [UInt8] {
    var facts = facts
    var writer = Writer()
    facts.visit(&writer)
    return Array(writer.text.utf8)
  }

  /// What the text does not tell keeps its default.
  static func read<Result: Facts>(_ bytes: some Sequence<UInt8>) -> Result {
    var reader = Reader()
    for line in String(decoding: Array(bytes), as: UTF8.self).split(separator: "\n") {
      guard let sign = line.firstIndex(of: "=") else { continue }
      reader.values[line[..<sign]] = line[line.index(after: sign)...]
    }
    var facts = Result()
    facts.visit(&reader)
    return facts
  }

  private struct Writer: FactFields {
    var text = ""

    mutating func field<Value: LosslessStringConvertible>(_ name: String, _ value: inout Value) {
      text += "\(name)=\(oneLine(value.description))\n"
    }

    mutating func list<Value: LosslessStringConvertible>(_ name: String, _ values: inout [Value]) {
      text += "\(name)=\(values.map { oneLine($0.description) }.joined(separator: separator))\n"
    }

    private func oneLine(_ text: String) -> String {
      String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
    }
  }

  private struct Reader: FactFields {
    var values: [Substring: Substring] = [:]

    mutating func field<Value: LosslessStringConvertible>(_ name: String, _ value: inout Value) {
      if let text = values[name[...]], let read = Value(String(text)) { value = read }
    }

    mutating func list<Value: LosslessStringConvertible>(_ name: String, _ items: inout [Value]) {
      guard let text = values[name[...]] else { return }
      items = text.split(separator: Character(separator)).compactMap { Value(String($0)) }
    }
  }
}
