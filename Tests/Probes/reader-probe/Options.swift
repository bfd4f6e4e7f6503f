/// What the command line asks for.
struct Options {
  struct Wrong: Error { let text: String }

  var count = 20_000
  var seed: UInt64 = 1
  var readers = Reader.allCases
  /// Number of the first file of each reader.
  var start = 0
  var only: Int?
  var seconds = 2.0
  var isVerbose = false

  init(_ arguments: [String]) throws {
    var rest = arguments[...]
    while let option = rest.popFirst() {
      if option == "--verbose" {
        isVerbose = true
        continue
      }
      guard let value = rest.popFirst() else { throw Wrong(text: "\(option) needs a value") }
      let number = Int(value).flatMap { $0 >= 0 ? $0 : nil }
      switch (option, number) {
      case ("--count", let number?): count = number
      case ("--seed", let number?): seed = UInt64(number)
      case ("--start", let number?): start = number
      case ("--only", let number?): only = number
      case ("--seconds", let number?) where number > 0: seconds = Double(number)
      case ("--reader", _) where value == "all": readers = Reader.allCases
      case ("--reader", _):
        guard let reader = Reader(rawValue: value) else { throw Wrong(text: "there is no reader \(value)") }
        readers = [reader]
      default: throw Wrong(text: "\(option) \(value)?")
      }
    }
  }

  /// The files of one reader.
  func indices(of reader: Reader) -> Range<Int> {
    if let only { return only..<only + 1 }
    let all = readers.reduce(0) { $0 + $1.weight }
    let before = readers.prefix { $0 != reader }.reduce(0) { $0 + $1.weight }
    guard all > 0 else { return start..<max(start, count) }
    // The shares add up to the count.
    let share = count * (before + reader.weight) / all - count * before / all
    return start..<max(start, share)
  }
}
