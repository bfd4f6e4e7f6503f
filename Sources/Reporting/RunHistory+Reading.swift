import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension RunHistory {
  /// Takes in what has been added to the file since it was read last.
  ///
  /// - Returns: the new lines; all that stay, and `isAnew`, where the file was cut back meanwhile: what went before is not
  ///   true any more.
  public mutating func readOn(path: String) throws(FileError) -> (lines: [Line], isAnew: Bool) {
    try readOn(FilePlace(path))
  }

  public mutating func readOn(_ place: FilePlace) throws(FileError) -> (lines: [Line], isAnew: Bool) {
    let file = try InputFile(place)
    return try readOn(file.descriptor, file.path)
  }

  /// The same of the file that a log is written to, wherever its directory lies meanwhile.
  ///
  /// - Parameter isStopping: asked now and then where there is much to read.
  /// - Throws: where it is true, too; nothing has been taken in then.
  public mutating func readOn(
    _ log: MetricsLog, isStopping: () -> Bool = { false }
  ) throws(FileError) -> (lines: [Line], isAnew: Bool) {
    try readOn(log.descriptor, log.path, isStopping: isStopping)
  }

  private mutating func readOn(
    _ descriptor: Int32, _ path: String, isStopping: () -> Bool = { false }
  ) throws(FileError) -> (lines: [Line], isAnew: Bool) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(path: path, action: "read the size", code: errno) }
    let byteCount = Int(status.st_size)
    let isAnew = consumed == 0
    let before = lastIteration
    if byteCount >= consumed {
      var next = self
      let new = try next.take(descriptor, path, upTo: byteCount, isWhole: false, isStopping)
      if isAnew || new.first.map({ $0.iteration >= before ?? 0 }) ?? true {
        self = next
        return (isAnew ? lines : new, isAnew)
      }
    }
    // Only once what is there can be read: a stop in between leaves what was known.
    var anew = RunHistory()
    try anew.take(descriptor, path, upTo: byteCount, isWhole: false, isStopping)
    self = anew
    return (lines, true)
  }

  private static let pieceBytes = 1 << 20
  /// What is read without asking whether to stop.
  private static let unaskedBytes = 1 << 25

  /// - Parameter isWhole: whether the rest behind the last line end is a line, too.
  /// - Returns: the new lines that stay.
  @discardableResult
  mutating func take(
    _ descriptor: Int32, _ path: String, upTo byteCount: Int, isWhole: Bool, _ isStopping: () -> Bool = { false }
  ) throws(FileError) -> [Line] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceBytes, alignment: 64)
    defer { buffer.deallocate() }
    var reader = HistoryReader(self)
    var place = consumed
    while place < byteCount {
      if place - consumed >= Self.unaskedBytes, isStopping() {
        throw FileError(
          path: path, reason: "a stop was asked for while it was read", remedy: "lockstep report writes the page")
      }
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, byteCount - place)])
      try InputFile.read(descriptor, path, into: piece, at: place)
      reader.take(UnsafeRawBufferPointer(piece))
      place += piece.count
    }
    let found = reader.finish(isWhole: isWhole)
    self = found.history
    return found.new
  }
}
