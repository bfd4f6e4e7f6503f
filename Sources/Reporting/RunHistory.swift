import Files

/// What `metrics.jsonl` tells of a run, in bounded memory and time: of lines of training, of which there are most, it keeps
/// every one, every second, every fourth, …, so that there are never more than 4,096.
public struct RunHistory: Sendable {
  public struct Line: Sendable {
    public let iteration: Int
    public let kind: String
    public let numbers: [String: Double]
    public let texts: [String: String]
  }

  /// More than a curve has points.
  static let mostTrainingLines = 4096

  public private(set) var lines: [Line] = []
  /// The last line of training, where it is not among these.
  private var newest: Line?
  private var unreadable = 0
  private var hasTornEnd = false
  /// Bytes that have been read.
  private var consumed = 0
  /// Of training lines, how many there were, every how manieth is kept, and how many are.
  private var (seen, stride, kept) = (0, 1, 0)

  /// Lines that could not be read; a run that is under way may have written half of the last one.
  public var skipped: Int { unreadable + (hasTornEnd ? 1 : 0) }

  public init() {}

  /// - Throws: when there is no such file.
  public init(path: String) throws(FileError) { try readOn(path: path) }

  init(bytes: [UInt8]) {
    let end = bytes.last == UInt8(ascii: "\n") ? bytes : bytes + [UInt8(ascii: "\n")]
    _ = add(end[...])
  }

  /// Reads what has been added to the file since the last time; all of it where the file has become shorter.
  ///
  /// - Throws: when there is no such file.
  public mutating func readOn(path: String) throws(FileError) {
    let file = try InputFile(path: path)
    if file.byteCount < consumed { self = RunHistory() }
    // A piece at a time: a long run's file is as large as a small machine's memory.
    var rest: [UInt8] = []
    var offset = consumed
    while offset < file.byteCount {
      let piece = offset..<min(file.byteCount, offset + 1 << 22)
      rest += try file.bytes(in: piece)
      offset = piece.upperBound
      let count = add(rest[...])
      consumed += count
      rest.removeFirst(count)
    }
    hasTornEnd = !rest.isEmpty
  }

  /// Takes over all whole lines.
  ///
  /// - Returns: how many bytes they are.
  private mutating func add(_ bytes: ArraySlice<UInt8>) -> Int {
    var start = bytes.startIndex
    var last: Range<Int>?
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      let line = bytes[start..<end]
      if Self.isTraining(line) {
        if seen % stride == 0 { addTraining(line) } else { last = start..<end }
        seen += 1
      } else if let line = Self.read(line) {
        lines.append(line)
      } else if !line.isEmpty {
        unreadable += 1
      }
      start = end + 1
    }
    if let last { newest = Self.read(bytes[last]) }
    return start - bytes.startIndex
  }

  private mutating func addTraining(_ bytes: ArraySlice<UInt8>) {
    guard let line = Self.read(bytes) else {
      unreadable += 1
      return
    }
    lines.append(line)
    kept += 1
    guard kept > Self.mostTrainingLines else { return }
    stride *= 2
    var index = 0
    lines.removeAll { line in
      guard line.kind == "training" else { return false }
      index += 1
      return index % 2 == 0
    }
    kept = (kept + 1) / 2
  }

  /// Tells without reading the whole of it.
  private static func isTraining(_ line: ArraySlice<UInt8>) -> Bool {
    let head = "{\"iteration\":".utf8
    guard line.starts(with: head) else { return false }
    return line.dropFirst(head.count).drop { (48...57).contains($0) }.starts(with: ",\"kind\":\"training\"".utf8)
  }

  private static func read(_ line: ArraySlice<UInt8>) -> Line? {
    guard case .object(let members)? = try? JSONReader.read(Array(line)),
      case .number(let iteration)? = members["iteration"], case .text(let kind)? = members["kind"],
      iteration >= 0, iteration < 1e15
    else { return nil }
    var (numbers, texts): ([String: Double], [String: String]) = ([:], [:])
    for (name, value) in members {
      switch value {
      case .number(let number): numbers[name] = number
      case .text(let text): texts[name] = text
      default: break
      }
    }
    return Line(iteration: Int(iteration), kind: kind, numbers: numbers, texts: texts)
  }

  public func lines(ofKind kind: String) -> [Line] {
    let found = lines.filter { $0.kind == kind }
    guard kind == "training", let newest, newest.iteration > found.last?.iteration ?? 0 else { return found }
    return found + [newest]
  }

  /// Iterations and values of a number in lines of one kind.
  public func series(_ name: String, of kind: String) -> [(x: Double, y: Double)] {
    lines(ofKind: kind).compactMap { line in line.numbers[name].map { (Double(line.iteration), $0) } }
  }

  /// The newest line of a kind.
  public func last(_ kind: String) -> Line? { lines.last { $0.kind == kind } }
}
