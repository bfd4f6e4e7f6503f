import Files

/// What `metrics.jsonl` tells of a run.
public struct RunHistory: Sendable {
  public struct Line: Sendable {
    public let iteration: Int
    public let kind: String
    public let numbers: [String: Double]
    public let texts: [String: String]
  }

  public private(set) var lines: [Line] = []
  /// Lines that could not be read; a run that is under way may have written half of the last one.
  public private(set) var skipped = 0

  /// - Throws: when there is no such file.
  public init(path: String) throws(FileError) {
    self.init(bytes: try InputFile(path: path).bytes())
  }

  init(bytes: [UInt8]) {
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard case .object(let members)? = try? JSONReader.read(Array(line)),
        case .number(let iteration)? = members["iteration"], case .text(let kind)? = members["kind"],
        iteration >= 0, iteration < 1e15
      else {
        skipped += 1
        continue
      }
      var (numbers, texts): ([String: Double], [String: String]) = ([:], [:])
      for (name, value) in members {
        switch value {
        case .number(let number): numbers[name] = number
        case .text(let text): texts[name] = text
        default: break
        }
      }
      lines.append(Line(iteration: Int(iteration), kind: kind, numbers: numbers, texts: texts))
    }
  }

  public func lines(ofKind kind: String) -> [Line] { lines.filter { $0.kind == kind } }

  /// Iterations and values of a number in lines of one kind.
  public func series(_ name: String, of kind: String) -> [(x: Double, y: Double)] {
    lines(ofKind: kind).compactMap { line in line.numbers[name].map { (Double(line.iteration), $0) } }
  }

  /// The newest line of a kind.
  public func last(_ kind: String) -> Line? { lines.last { $0.kind == kind } }
}
