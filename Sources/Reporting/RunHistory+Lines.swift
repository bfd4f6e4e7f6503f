import Files

/// Lines of one kind, spread evenly over all that there are: every n-th, and the newest.
struct SpreadLines: Sendable {
  /// That stay, beside the newest.
  let most: Int
  /// All that have come.
  private(set) var count: Int
  private var stride = 1
  private var kept: [(number: Int, line: RunHistory.Line)] = []
  /// The newest, where it is none of those; as bytes until somebody wants to know.
  private var latest: RunHistory.Line?
  private var latestBytes: [UInt8] = []
  private var latestPlace: Int?

  /// Of older ones only numbers are asked for.
  private static let mostWithTexts = 32

  /// - Parameter count: of those that have come before.
  init(most: Int, after count: Int = 0) { (self.most, self.count) = (most, count) }

  var isThinned: Bool { stride > 1 }
  var lines: [RunHistory.Line] { kept.map(\.line) + (latest.map { [$0] } ?? []) }

  /// Whether the next line is one that stays.
  var takesNext: Bool { count % stride == 0 }

  /// - Parameter line: nil where it cannot be read.
  mutating func take(_ line: RunHistory.Line?) {
    defer { count += 1 }
    guard let line else { return }
    (latest, latestPlace) = (nil, nil)
    kept.append((count, line))
    if kept.count > Self.mostWithTexts { kept[kept.count - 1 - Self.mostWithTexts].line.forgetTexts() }
    guard kept.count > most else { return }
    stride *= 2
    kept.removeAll { $0.number % stride != 0 }
  }

  /// One that stays only as long as it is the newest.
  mutating func pass(_ bytes: UnsafeRawBufferPointer, place: Int) {
    count += 1
    latestPlace = place
    latestBytes.removeAll(keepingCapacity: true)
    latestBytes.append(contentsOf: bytes)
  }

  /// Reads the newest.
  mutating func settle(_ read: ([UInt8], _ place: Int) -> RunHistory.Line?) {
    guard let place = latestPlace else { return }
    latestPlace = nil
    latest = read(latestBytes, place) ?? latest
  }
}

/// The newest lines of a group of kinds.
struct NewestLines: Sendable {
  private(set) var lines: [RunHistory.Line] = []
  /// All that have come.
  private(set) var count = 0
  /// Not looked into yet.
  private var raw: [(bytes: [UInt8], place: Int)] = []

  static let most = 512
  /// Each is a group of its own; all others are one.
  private static let kinds: Set<String> = ["reference", "health", "start"]

  static func group(of kind: String) -> String { kinds.contains(kind) ? kind : "" }

  mutating func hold(_ bytes: UnsafeRawBufferPointer, place: Int) {
    count += 1
    if raw.count == 2 * Self.most { raw.removeFirst(Self.most) }
    raw.append((Array(bytes), place))
  }

  /// - Returns: the lines that are new.
  mutating func settle(_ read: ([UInt8], _ place: Int) -> RunHistory.Line?) -> [RunHistory.Line] {
    let new = raw.suffix(Self.most).compactMap { read($0.bytes, $0.place) }
    raw = []
    lines = (lines + new).suffix(Self.most)
    return new
  }
}

/// Texts that many lines share take memory once.
struct RepeatedWords: Sendable {
  private var known: Set<String> = []
  /// The names of a line's numbers.
  private var rows: Set<[String]> = []

  private static let most = 4_096

  mutating func shared(_ word: String) -> String {
    known.count < Self.most ? known.insert(word).memberAfterInsert : word
  }

  mutating func shared(_ names: [String]) -> [String] {
    rows.count < Self.most ? rows.insert(names).memberAfterInsert : names
  }
}

extension RunHistory.Line {
  mutating func forgetTexts() { (texts, lists) = ([:], [:]) }

  /// Nil where the bytes are no line of metrics.
  init?(_ bytes: [UInt8], place: Int, _ words: inout RepeatedWords) {
    guard case .object(let members)? = try? JSONReader.read(bytes),
      case .number(let iteration)? = members["iteration"], case .text(let kind)? = members["kind"],
      iteration >= 0, iteration < 1e15
    else { return nil }
    var numbers: [(name: String, value: Double)] = []
    var texts: [String: String] = [:]
    var lists: [String: [String]] = [:]
    for (name, value) in members {
      switch value {
      case .number(let number): numbers.append((words.shared(name), number))
      case .text(let text): texts[words.shared(name)] = text
      case .array: lists[name] = value.texts
      default: break
      }
    }
    self.init(
      iteration: Int(iteration), kind: words.shared(kind), numbers: NumberFields(numbers, &words), texts: texts,
      lists: lists, place: place)
  }
}

/// How a line begins that `MetricsLog` has written: it need not be read in full to know what it is.
struct LineHead {
  let iteration: Int
  let kind: String

  private static let iterationKey = Array("{\"iteration\":".utf8)
  private static let kindKey = Array(",\"kind\":\"".utf8)

  /// Nil where it begins otherwise.
  init?(_ line: UnsafeRawBufferPointer) {
    guard line.starts(with: Self.iterationKey) else { return nil }
    var place = Self.iterationKey.count
    var number = 0
    while place < line.count, (48...57).contains(line[place]), number < 100_000_000_000_000 {
      number = 10 * number + Int(line[place] - 48)
      place += 1
    }
    guard place > Self.iterationKey.count, line[place...].starts(with: Self.kindKey) else { return nil }
    place += Self.kindKey.count
    let word = line[place...].prefix(32)
    guard let quote = word.firstIndex(of: UInt8(ascii: "\"")), !word[..<quote].contains(UInt8(ascii: "\\")) else {
      return nil
    }
    iteration = number
    kind = String(decoding: word[..<quote], as: UTF8.self)
  }
}
