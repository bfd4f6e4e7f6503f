/// Numbers of a line by name, in little memory: a run of a day has many thousands, whose names are the same.
public struct NumberFields: Sendable, Equatable, Sequence, ExpressibleByDictionaryLiteral {
  /// Ascending.
  public let names: [String]
  private let values: [Double]

  init(_ fields: [(name: String, value: Double)], _ words: inout RepeatedWords) {
    let sorted = fields.sorted { $0.name < $1.name }
    names = words.shared(sorted.map(\.name))
    values = sorted.map(\.value)
  }

  public init(dictionaryLiteral elements: (String, Double)...) {
    let sorted = elements.sorted { $0.0 < $1.0 }
    (names, values) = (sorted.map(\.0), sorted.map(\.1))
  }

  public subscript(name: String) -> Double? {
    var (first, end) = (0, names.count)
    while first < end {
      let middle = (first + end) / 2
      if names[middle] < name { first = middle + 1 } else { end = middle }
    }
    return first < names.count && names[first] == name ? values[first] : nil
  }

  public func makeIterator() -> some IteratorProtocol<(key: String, value: Double)> {
    zip(names, values).lazy.map { (key: $0, value: $1) }.makeIterator()
  }
}
