import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

// What a run that goes on will write again is cut off its metrics, and kept beside them until a checkpoint of its own stands.

extension MetricsLog {
  private static let newline = UInt8(ascii: "\n")

  /// Cuts off the rest of a line that was never ended; more than a line can have is left as it is.
  func cutRest() throws(ReportError) {
    let size = try fileSize()
    var end: Int?
    try pieces(endingAt: size) { start, bytes in
      end = bytes.lastIndex(of: Self.newline).map { start + $0 + 1 }
      return end == nil
    }
    guard size - (end ?? 0) > longestLine else { return try cut(to: end ?? 0, of: size, keepingIn: nil) }
    byteCount = size
    endsOpen = true
  }

  /// Cuts off all lines at the end that are beyond `iteration`, back to the last one that is not: what a resumed run will
  /// write again.
  ///
  /// - Parameter kept: of the file that what is cut off is added to, before it is.
  /// - Throws: where it cannot be kept or cut; nothing has been cut then.
  public func truncate(toIteration iteration: Int, keepingIn kept: FilePlace? = nil) throws(ReportError) {
    let size = try fileSize()
    var end = size
    var lineEnd = size
    try pieces(endingAt: size) { start, bytes throws(ReportError) in
      for place in bytes.indices.reversed() where bytes[place] == Self.newline || start + place == 0 {
        let lineStart = bytes[place] == Self.newline ? start + place + 1 : 0
        if lineStart < lineEnd, let found = try self.iteration(ofLineAt: lineStart, end: lineEnd, bytes, start) {
          guard found > iteration else { return false }
          end = lineStart
        }
        lineEnd = lineStart
      }
      return true
    }
    try cut(to: end, of: size, keepingIn: kept)
  }

  /// Cuts the file to its first `length` bytes, as it was when a checkpoint was taken.
  ///
  /// - Parameter kept: as above.
  /// - Returns: false, and nothing is cut, where a line does not end there: this is not the file of that time.
  public func truncate(toByteCount length: Int, keepingIn kept: FilePlace? = nil) throws(ReportError) -> Bool {
    let size = try fileSize()
    guard length >= 0, length <= size else { return false }
    if length > 0 {
      var last = Self.newline
      try withUnsafeMutableBytes(of: &last) { buffer throws(ReportError) in try read(into: buffer, at: length - 1) }
      guard last == Self.newline else { return false }
    }
    try cut(to: length, of: size, keepingIn: kept)
    return true
  }

  private func cut(to end: Int, of size: Int, keepingIn kept: FilePlace?) throws(ReportError) {
    if end < size {
      if let kept { try keep(from: end, to: size, in: kept) }
      guard ftruncate(descriptor, off_t(end)) == 0 else {
        throw ReportError(FileError(path: path, action: "cut back", code: errno))
      }
    }
    byteCount = end
    endsOpen = false
  }

  /// Adds a part to another file, on the disk when this returns.
  private func keep(from begin: Int, to end: Int, in kept: FilePlace) throws(ReportError) {
    do throws(FileError) {
      let target = try KeptFile.open(kept, flags: O_APPEND)
      // What a failed close could lose has been flushed.
      defer { _ = close(target) }
      var status = stat()
      guard fstat(target, &status) == 0 else { throw FileError(path: kept.path, action: "read the size", code: errno) }
      do throws(FileError) {
        let writer = FileWriter(path: kept.path, descriptor: target)
        try writer.copy(begin..<end, of: descriptor, path)
        try writer.flush()
      } catch {
        // As it was: the part is still in the file that it comes from.
        _ = ftruncate(target, status.st_size)
        throw error
      }
    } catch { throw ReportError(error) }
  }

  private static let pieceBytes = 1 << 18

  /// Calls `body` with pieces of the file, the last one first, until it returns false.
  private func pieces(
    endingAt end: Int, _ body: (_ start: Int, _ bytes: UnsafeRawBufferPointer) throws(ReportError) -> Bool
  ) throws(ReportError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, min(Self.pieceBytes, end)), alignment: 64)
    defer { buffer.deallocate() }
    var end = end
    while end > 0 {
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, end)])
      end -= piece.count
      try read(into: piece, at: end)
      guard try body(end, UnsafeRawBufferPointer(piece)) else { return }
    }
  }

  /// The number behind `{"iteration":` at the start of a line; nil where there is none.
  private func iteration(
    ofLineAt start: Int, end: Int, _ piece: UnsafeRawBufferPointer, _ pieceStart: Int
  ) throws(ReportError) -> Int? {
    let count = min(Self.longestNumber, end - start)
    if start >= pieceStart, start + count <= pieceStart + piece.count {
      return Self.iteration(of: piece[(start - pieceStart)..<(start - pieceStart + count)])
    }
    // The line goes on in the piece behind, which is gone.
    let head = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { head.deallocate() }
    try read(into: head, at: start)
    return Self.iteration(of: UnsafeRawBufferPointer(head)[...])
  }

  /// Of `{"iteration":` and the digits behind it.
  private static let longestNumber = 13 + 20

  private static func iteration(of line: Slice<UnsafeRawBufferPointer>) -> Int? {
    let prefix = "{\"iteration\":".utf8
    guard line.starts(with: prefix) else { return nil }
    let digits = line.dropFirst(prefix.count).prefix { (48...57).contains($0) }
    return Int(String(decoding: digits, as: UTF8.self))
  }

  private func fileSize() throws(ReportError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw ReportError(FileError(path: path, action: "read the size", code: errno))
    }
    return Int(status.st_size)
  }

  private func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(ReportError) {
    do throws(FileError) { try InputFile.read(descriptor, path, into: buffer, at: offset) } catch {
      throw ReportError(error)
    }
  }
}
