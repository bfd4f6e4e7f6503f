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
/// However long the file is, only pieces of it are read, from its end.
public final class MetricsLog {
  public let path: String
  private let place: FilePlace
  /// Of the file that was opened, whatever lies under its path meanwhile.
  let descriptor: Int32
  private let minimumSeconds: Double
  private let line = LineBuffer(capacity: 1 << 14)
  /// Bytes of all whole lines so far.
  public internal(set) var byteCount = 0
  /// What is no line of ours, and too long to be the rest of one, lies at the end: the next line begins anew.
  var endsOpen = false
  private var lastThrottled = -Double.infinity

  /// Opens the file for appending, or makes it; a last line without end is cut off.
  ///
  /// - Parameter minimumSeconds: least distance of throttled lines.
  public convenience init(path: String, minimumSeconds: Double = 1) throws(ReportError) {
    try self.init(FilePlace(path), minimumSeconds: minimumSeconds)
  }

  /// - Throws: with `isRefusal` where something else than a file of ours lies there.
  public init(_ place: FilePlace, minimumSeconds: Double = 1) throws(ReportError) {
    (self.place, path) = (place, place.path)
    self.minimumSeconds = minimumSeconds
    do throws(FileError) { descriptor = try KeptFile.open(place, flags: O_APPEND) } catch { throw ReportError(error) }
    try cutRest()
  }

  /// Puts a file with all lines in place of one that was removed, and writes on that.
  public func writeAnew() throws(ReportError) {
    do throws(FileError) {
      // The file that was removed is still there for those who hold it open.
      try AtomicFile.write(to: place) { file throws(FileError) in
        try file.copy(0..<byteCount, of: descriptor, path)
      }
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
    if endsOpen { line.append(UInt8(ascii: "\n")) }
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
    endsOpen = false
  }

  /// The longest line that is written.
  var longestLine: Int { line.capacity }
}
