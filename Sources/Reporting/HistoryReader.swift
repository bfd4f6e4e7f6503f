#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Takes lines out of pieces of a file; only those that may stay are looked into.
struct HistoryReader {
  private var history: RunHistory
  /// Of this reading, as `history.spread`; nil where there has been none before.
  private var new: [SpreadLines]?
  /// The beginning of a line that goes on in the next piece, and how many bytes it has.
  private var rest: [UInt8] = []
  private var restCount = 0
  private var strangeLines = 0

  /// Longer ones are no lines of metrics, and are not held.
  private static let longestLine = 1 << 16
  /// Of lines that do not begin as ours do, so many are looked into.
  private static let mostStrangeLines = 20_000

  init(_ history: RunHistory) {
    self.history = history
    guard history.consumed > 0 else { return }
    new = history.spread.map { SpreadLines(most: $0.most, after: $0.count) }
  }

  mutating func take(_ piece: UnsafeRawBufferPointer) {
    var begin = 0
    while let base = piece.baseAddress, begin < piece.count,
      let found = memchr(base + begin, 0x0A, piece.count - begin)
    {
      let end = UnsafeRawPointer(found) - base
      endLine(with: UnsafeRawBufferPointer(rebasing: piece[begin..<end]))
      history.consumed += 1
      begin = end + 1
    }
    restCount += piece.count - begin
    if restCount <= Self.longestLine { rest.append(contentsOf: piece[begin...]) }
  }

  /// - Parameter isWhole: whether what lies behind the last line end is a line, too.
  /// - Returns: the history, and those of the new lines that stay or are the newest.
  mutating func finish(isWhole: Bool) -> (history: RunHistory, new: [RunHistory.Line]) {
    if isWhole, restCount > 0 { endLine(with: UnsafeRawBufferPointer(start: nil, count: 0)) }
    var (words, skipped) = (history.words, 0)
    let read = { (bytes: [UInt8], place: Int) -> RunHistory.Line? in
      let line = RunHistory.Line(bytes, place: place, &words)
      if line == nil { skipped += 1 }
      return line
    }
    for index in history.spread.indices { history.spread[index].settle(read) }
    var found = history.spread.flatMap(\.lines)
    for group in history.newest.keys { found += history.newest[group]?.settle(read) ?? [] }
    history.skipped += skipped
    if var new {
      // These have been read, and counted, above.
      for index in new.indices { new[index].settle(read) }
      found = new.flatMap(\.lines) + found.filter { !RunHistory.spreadKinds.contains($0.kind) }
    }
    history.words = words
    return (history, found.sorted { $0.place < $1.place })
  }

  /// - Parameter part: of the line, behind `rest`.
  private mutating func endLine(with part: UnsafeRawBufferPointer) {
    let count = restCount + part.count
    history.consumed += count
    if count > Self.longestLine {
      history.seen += 1
      history.skipped += 1
    } else if restCount == 0 {
      line(part)
    } else {
      rest.append(contentsOf: part)
      let whole = rest
      whole.withUnsafeBytes { line($0) }
    }
    rest.removeAll(keepingCapacity: true)
    restCount = 0
  }

  private mutating func line(_ bytes: UnsafeRawBufferPointer) {
    if bytes.isEmpty { return }
    let place = history.seen
    history.seen += 1
    if let head = LineHead(bytes) {
      history.lastIteration = head.iteration
      take(bytes, kind: head.kind, place)
    } else if strangeLines < Self.mostStrangeLines, let parsed = parsed(bytes, place) {
      strangeLines += 1
      history.lastIteration = parsed.iteration
      take(bytes, kind: parsed.kind, place)
    } else {
      strangeLines += 1
      history.skipped += 1
    }
  }

  private mutating func take(_ bytes: UnsafeRawBufferPointer, kind: String, _ place: Int) {
    guard let index = RunHistory.spreadKinds.firstIndex(of: kind) else {
      history.newest[NewestLines.group(of: kind), default: NewestLines()].hold(bytes, place: place)
      return
    }
    let (stays, isNew) = (history.spread[index].takesNext, new?[index].takesNext ?? false)
    var line: RunHistory.Line?
    if stays || isNew {
      line = parsed(bytes, place)
      if line == nil { history.skipped += 1 }
    }
    if stays { history.spread[index].take(line) } else { history.spread[index].pass(bytes, place: place) }
    if isNew { new?[index].take(line) } else { new?[index].pass(bytes, place: place) }
  }

  private mutating func parsed(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> RunHistory.Line? {
    RunHistory.Line(Array(bytes), place: place, &history.words)
  }
}
