import Clocks
import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `metrics.jsonl`: one JSON object a line, first of all its `iteration` and `kind`. Adding a line allocates nothing.
///
/// A line goes out in one write; what a crash or a full disk leaves of one is cut off, at once or by the next `init`.
public final class MetricsLog {
  public let path: String
  private let place: FilePlace
  private let descriptor: Int32
  private let minimumSeconds: Double
  private let line = LineBuffer(capacity: 1 << 14)
  /// Bytes of all whole lines so far.
  public private(set) var byteCount = 0
  private var lastThrottled = -Double.infinity

  /// Opens the file for appending, or makes it; a last line without end is cut off.
  ///
  /// - Parameter minimumSeconds: least distance of throttled lines.
  public convenience init(path: String, minimumSeconds: Double = 1) throws(ReportError) {
    try self.init(FilePlace(path), minimumSeconds: minimumSeconds)
  }

  public init(_ place: FilePlace, minimumSeconds: Double = 1) throws(ReportError) {
    (self.place, path) = (place, place.path)
    self.minimumSeconds = minimumSeconds
    do throws(FileError) { descriptor = try KeptFile.open(place, flags: O_APPEND) } catch { throw ReportError(error) }
    try keepLines { _ in true }
  }

  /// Puts a file with all lines in place of one that was removed, and writes on that.
  public func writeAnew() throws(ReportError) {
    do throws(FileError) {
      var bytes = [UInt8](repeating: 0, count: byteCount)
      // The file that was removed is still there for those who hold it open.
      guard pread(descriptor, &bytes, byteCount, 0) == byteCount else {
        throw FileError(path: path, action: "read back", code: errno)
      }
      try AtomicFile.write(to: place) { file throws(FileError) in try file.write(bytes) }
      let fresh = try KeptFile.open(place, flags: O_APPEND)
      let isTaken = dup2(fresh, descriptor) >= 0 && fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
      let code = errno
      _ = close(fresh)
      guard isTaken else { throw FileError(path: path, action: "write on", code: code) }
    } catch { throw ReportError(error) }
  }

  // Every line has been written by then.
  deinit { _ = close(descriptor) }

  /// Whether a throttled line would be written now: what it costs to gather its values can be spared otherwise.
  public func isDue(now: Double = SystemClock.monotonic.seconds) -> Bool { now - lastThrottled >= minimumSeconds }

  /// Adds a line; `fields` appends what it holds beside iteration and kind.
  ///
  /// - Parameter isThrottled: leave it out when the last throttled line is younger than `minimumSeconds`.
  /// - Throws: when it cannot be written; the file then ends with the line before.
  public func append(
    iteration: Int, kind: StaticString, isThrottled: Bool = false, now: Double = SystemClock.monotonic.seconds,
    fields: (LineBuffer) -> Void
  ) throws(ReportError) {
    if isThrottled {
      guard isDue(now: now) else { return }
      lastThrottled = now
    }
    line.removeAll()
    line.beginObject()
    line.field("iteration", iteration)
    line.field("kind", kind)
    fields(line)
    line.endObject()
    line.append(UInt8(ascii: "\n"))
    guard !line.isOverfull else {
      throw ReportError(
        file: path, reason: "a line of iteration \(iteration) has more than \(line.capacity) bytes",
        remedy: "report fewer values")
    }
    do throws(ReportError) {
      try line.write(to: descriptor, named: path)
    } catch {
      // A full disk may have taken half of the line. If cutting it off fails too, the next `init` does it.
      _ = ftruncate(descriptor, off_t(byteCount))
      throw error
    }
    byteCount += line.count
  }

  /// Cuts off all lines from the first one beyond `iteration` on: what a resumed run will write again.
  public func truncate(toIteration iteration: Int) throws(ReportError) {
    try keepLines { line in Self.iteration(of: line).map { $0 <= iteration } ?? true }
  }

  /// Cuts the file to its first `byteCount` bytes, as it was when a checkpoint was taken.
  ///
  /// - Returns: false, and nothing is cut, where a line does not end there: this is not the file of that time.
  public func truncate(toByteCount length: Int) throws(ReportError) -> Bool {
    guard length >= 0, length <= byteCount else { return false }
    if length > 0 {
      let last: [UInt8]
      do throws(FileError) { last = try InputFile(place).bytes(in: length - 1..<length) } catch {
        throw ReportError(error)
      }
      guard last == [UInt8(ascii: "\n")] else { return false }
    }
    guard ftruncate(descriptor, off_t(length)) == 0 else {
      throw ReportError(FileError(path: path, action: "cut back", code: errno))
    }
    byteCount = length
    return true
  }

  /// Cuts the file behind the last whole line before the first one that `isKept` refuses.
  private func keepLines(while isKept: (ArraySlice<UInt8>) -> Bool) throws(ReportError) {
    // Read whole: one line a second makes 20 MB in a day, and this happens once, before training.
    let bytes: [UInt8]
    do throws(FileError) { bytes = try InputFile(place).bytes() } catch { throw ReportError(error) }
    var end = 0
    while let newline = bytes[end...].firstIndex(of: UInt8(ascii: "\n")), isKept(bytes[end..<newline]) {
      end = newline + 1
    }
    guard end == bytes.count || ftruncate(descriptor, off_t(end)) == 0 else {
      throw ReportError(FileError(path: path, action: "cut back", code: errno))
    }
    byteCount = end
  }

  /// The number behind `{"iteration":` at the start of a line.
  private static func iteration(of line: ArraySlice<UInt8>) -> Int? {
    let prefix = "{\"iteration\":".utf8
    guard line.starts(with: prefix) else { return nil }
    let digits = line.dropFirst(prefix.count).prefix { (48...57).contains($0) }
    return Int(String(decoding: digits, as: UTF8.self))
  }
}
