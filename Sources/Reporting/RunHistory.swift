import Files

/// What `metrics.jsonl` tells of a run: all of a usual one, of a very long one lines that are spread over it.
///
/// The file is read in pieces. Memory is bounded whatever its size: of training and of evaluations some lines stay, evenly
/// chosen, of health, starts and the like the newest.
public struct RunHistory: Sendable {
  public struct Line: Sendable {
    public let iteration: Int
    public let kind: String
    public let numbers: NumberFields
    /// Of training and evaluations, the newest lines have them.
    public internal(set) var texts: [String: String]
    public internal(set) var lists: [String: [String]]
    /// Which line of the file it is.
    var place = 0
  }

  /// Lines that could not be read; a run that is under way may have written half of the last one.
  public internal(set) var skipped = 0
  /// Bytes of the file that have been taken in.
  var consumed = 0
  /// Lines of the file that have been seen.
  var seen = 0
  /// Of the newest line, whether or not it has stayed.
  var lastIteration: Int?
  /// Of `spreadKinds`.
  var spread = [SpreadLines(most: mostTrainingLines), SpreadLines(most: mostEvaluationLines)]
  var newest: [String: NewestLines] = [:]
  /// Keys that come again and again.
  var words = RepeatedWords()

  /// Of which lines that are spread over the run are enough.
  static let spreadKinds = ["training", "evaluation"]
  static let mostTrainingLines = 8_192
  static let mostEvaluationLines = 4_096

  /// Of nothing yet.
  public init() {}

  /// - Throws: when there is no such file.
  public init(path: String) throws(FileError) { try self.init(FilePlace(path)) }

  public init(_ place: FilePlace) throws(FileError) {
    let file = try InputFile(place)
    try take(file.descriptor, file.path, upTo: file.byteCount, isWhole: true)
  }

  init(bytes: [UInt8]) {
    var reader = HistoryReader(self)
    bytes.withUnsafeBytes { reader.take($0) }
    self = reader.finish(isWhole: true).history
  }

  /// Lines that stay, as they come in the file.
  public var lines: [Line] {
    (spread.map(\.lines) + newest.values.map(\.lines)).joined().sorted { $0.place < $1.place }
  }

  public var isEmpty: Bool { seen == skipped }

  public func lines(ofKind kind: String) -> [Line] {
    if let index = Self.spreadKinds.firstIndex(of: kind) { return spread[index].lines }
    return newest[NewestLines.group(of: kind)]?.lines.filter { $0.kind == kind } ?? []
  }

  /// How many of a kind there are, with those that have not stayed.
  public func count(ofKind kind: String) -> Int {
    if let index = Self.spreadKinds.firstIndex(of: kind) { return spread[index].count }
    let group = NewestLines.group(of: kind)
    return group == kind ? newest[group]?.count ?? 0 : lines(ofKind: kind).count
  }

  /// Iterations and values of a number in lines of one kind.
  public func series(_ name: String, of kind: String) -> [(x: Double, y: Double)] {
    lines(ofKind: kind).compactMap { line in line.numbers[name].map { (Double(line.iteration), $0) } }
  }

  /// The newest line of a kind.
  public func last(_ kind: String) -> Line? { lines(ofKind: kind).last }

  /// Those of the run as it is: not those that a roll back has taken back.
  public var evaluations: [Line] {
    var found: [Line] = []
    for line in lines where line.kind == "evaluation" || line.kind == "health" && line.texts["action"] == "rollBack" {
      if line.kind == "evaluation" { found.append(line) } else { found.removeAll { $0.iteration > line.iteration } }
    }
    return found
  }

  /// What is left out since there is so much, in words; nil where all is there.
  public var omissions: String? {
    let parts = zip(Self.spreadKinds, spread).filter { $1.isThinned }.map { kind, lines in
      "\(grouped(lines.lines.count)) of \(grouped(lines.count)) lines of \(kind)"
    }
    return parts.isEmpty ? nil : "The run is long: of its metrics \(parts.joined(separator: " and ")) are shown."
  }
}
