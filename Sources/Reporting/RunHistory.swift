import Files

/// What `metrics.jsonl` tells of a run.
public struct RunHistory: Sendable {
  public struct Line: Sendable {
    public let iteration: Int
    public let kind: String
    public let numbers: [String: Double]
    public let texts: [String: String]
    public let lists: [String: [String]]
  }

  public private(set) var lines: [Line] = []
  /// Lines that could not be read; a run that is under way may have written half of the last one.
  public private(set) var skipped = 0
  /// Bytes of the file that have been taken in.
  private var consumed = 0

  /// Lines of training that are kept; beyond them every second of the older half goes.
  static let mostTrainingLines = 8_192

  /// Of nothing yet.
  public init() {}

  /// - Throws: when there is no such file.
  public init(path: String) throws(FileError) { try self.init(FilePlace(path)) }

  public init(_ place: FilePlace) throws(FileError) {
    self.init(bytes: try InputFile(place).bytes())
  }

  init(bytes: [UInt8]) {
    for line in add(bytes) { lines.append(line) }
    thinOut()
  }

  /// Takes in what has been added to the file since it was read last.
  ///
  /// - Returns: the new lines; all of them, and `isAnew`, where the file was cut back meanwhile: what went before is not
  ///   true any more.
  public mutating func readOn(path: String) throws(FileError) -> (lines: [Line], isAnew: Bool) {
    try readOn(FilePlace(path))
  }

  public mutating func readOn(_ place: FilePlace) throws(FileError) -> (lines: [Line], isAnew: Bool) {
    let file = try InputFile(place)
    if file.byteCount >= consumed {
      let bytes = try file.bytes(in: consumed..<file.byteCount)
      let whole = (bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
      var next = self
      let new = next.add(Array(bytes[..<whole]))
      let isAnew = consumed == 0
      if isAnew || new.first.map({ $0.iteration >= lines.last?.iteration ?? 0 }) ?? true {
        next.consumed += whole
        next.lines += new
        next.thinOut()
        self = next
        return (new, isAnew)
      }
    }
    self = RunHistory()
    return try readOn(place)
  }

  private mutating func thinOut() {
    let count = lines.count { $0.kind == "training" }
    guard count > Self.mostTrainingLines else { return }
    var place = 0
    lines = lines.filter { line in
      guard line.kind == "training" else { return true }
      place += 1
      return place > count / 2 || place % 2 == 1
    }
    thinOut()
  }

  private mutating func add(_ bytes: [UInt8]) -> [Line] {
    var lines: [Line] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard case .object(let members)? = try? JSONReader.read(Array(line)),
        case .number(let iteration)? = members["iteration"], case .text(let kind)? = members["kind"],
        iteration >= 0, iteration < 1e15
      else {
        skipped += 1
        continue
      }
      var (numbers, texts): ([String: Double], [String: String]) = ([:], [:])
      var lists: [String: [String]] = [:]
      for (name, value) in members {
        switch value {
        case .number(let number): numbers[name] = number
        case .text(let text): texts[name] = text
        case .array: lists[name] = value.texts
        default: break
        }
      }
      lines.append(Line(iteration: Int(iteration), kind: kind, numbers: numbers, texts: texts, lists: lists))
    }
    return lines
  }

  public func lines(ofKind kind: String) -> [Line] { lines.filter { $0.kind == kind } }

  /// Iterations and values of a number in lines of one kind.
  public func series(_ name: String, of kind: String) -> [(x: Double, y: Double)] {
    lines(ofKind: kind).compactMap { line in line.numbers[name].map { (Double(line.iteration), $0) } }
  }

  /// The newest line of a kind.
  public func last(_ kind: String) -> Line? { lines.last { $0.kind == kind } }
}
