import Clocks

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How far the run is, in one line: rewritten in place on a terminal, a new line every few seconds elsewhere.
///
///     iteration 750/1,500  D 0.651  G 0.802  D right on real 71 % fake 68 %  48,201 images/s  0:12 left
///
/// Showing allocates nothing. Output that fails (a closed terminal) ends the line, never the run; with a `LineWriter` it does
/// not wait for its reader either.
public final class ProgressLine {
  /// What the line says; accuracies from 0 to 1. Values that are NaN are shown as such.
  public struct Values: Sendable {
    public var iteration: Int
    public var discriminatorLoss: Double
    public var generatorLoss: Double
    public var realAccuracy: Double
    public var fakeAccuracy: Double

    public init(
      iteration: Int, discriminatorLoss: Double, generatorLoss: Double, realAccuracy: Double, fakeAccuracy: Double
    ) {
      self.iteration = iteration
      self.discriminatorLoss = discriminatorLoss
      self.generatorLoss = generatorLoss
      self.realAccuracy = realAccuracy
      self.fakeAccuracy = fakeAccuracy
    }
  }

  /// Nil while it is not known.
  public var totalIterations: Int?
  private let samplesPerIteration: Int
  /// What samples are called: ` images/s`.
  private let unit: [UInt8]
  private let descriptor: Int32
  private let writer: LineWriter?
  private let isTerminal: Bool
  private let interval: Double
  private let line = LineBuffer(capacity: 512)
  private var lastShown: Double
  private var lastIteration: Int
  private var samplesPerSecond = 0.0
  private var isShown = false
  private var isBroken = false

  /// Seconds over which the speed is averaged: long enough to be read, short enough to show a change.
  private static let smoothingSeconds = 5.0

  /// - Parameters:
  ///   - noun: what samples are called.
  ///   - firstIteration: where this process starts (a resumed run does not start at 0).
  ///   - descriptor: where it goes, or where `writer` writes.
  ///   - isTerminal: nil asks the descriptor.
  ///   - plainSeconds: distance of the lines where the output is no terminal.
  public init(
    totalIterations: Int?, samplesPerIteration: Int, noun: String = "images", firstIteration: Int = 0,
    descriptor: Int32 = STDERR_FILENO, writer: LineWriter? = nil,
    isTerminal: Bool? = nil, plainSeconds: Double = 5, now: Double = SystemClock.monotonic.seconds
  ) {
    self.totalIterations = totalIterations
    self.samplesPerIteration = samplesPerIteration
    unit = Array(" \(noun)/s".utf8)
    (self.descriptor, self.writer) = (descriptor, writer)
    self.isTerminal = isTerminal ?? (isatty(descriptor) == 1)
    // Ten times a second is as fast as anyone reads.
    interval = self.isTerminal ? 0.1 : plainSeconds
    lastShown = now
    lastIteration = firstIteration
  }

  /// Whether `show` would write now: what it costs to gather its values can be spared otherwise.
  public func isDue(now: Double = SystemClock.monotonic.seconds) -> Bool { !isBroken && now - lastShown >= interval }

  /// Shows the values if it is time to, or if `isForced` (at the end).
  public func show(_ values: Values, isForced: Bool = false, now: Double = SystemClock.monotonic.seconds) {
    guard !isBroken, isForced || isDue(now: now) else { return }
    updateSpeed(iteration: values.iteration, now: now)
    line.removeAll()
    if isTerminal { line.append(UInt8(ascii: "\r")) }
    describe(values)
    if isTerminal {
      // One column stays free, since a full line would wrap and could not be rewritten; its byte is the return's.
      line.cut(to: columns())
      line.append("\u{1B}[K" as StaticString)
    } else {
      line.append(UInt8(ascii: "\n"))
    }
    write()
    isShown = true
  }

  /// Wipes the line off the terminal, so that another message can be written.
  public func clear() {
    guard isTerminal, isShown, !isBroken else { return }
    line.removeAll()
    line.append("\r\u{1B}[K" as StaticString)
    write()
    isShown = false
  }

  /// Leaves the last line standing on the terminal.
  public func finish() {
    guard isTerminal, isShown, !isBroken else { return }
    line.removeAll()
    line.append(UInt8(ascii: "\n"))
    write()
    isShown = false
  }

  private func describe(_ values: Values) {
    line.append("iteration " as StaticString)
    line.append(values.iteration, isGrouped: true)
    if let totalIterations {
      line.append(UInt8(ascii: "/"))
      line.append(totalIterations, isGrouped: true)
    }
    line.append("  D " as StaticString)
    line.append(values.discriminatorLoss, decimals: 3)
    line.append("  G " as StaticString)
    line.append(values.generatorLoss, decimals: 3)
    line.append("  D right on real " as StaticString)
    line.append(100 * values.realAccuracy, decimals: 0)
    line.append(" % fake " as StaticString)
    line.append(100 * values.fakeAccuracy, decimals: 0)
    line.append(" %" as StaticString)
    // The first line of all may come before there is a speed.
    guard samplesPerSecond > 0 else { return }
    line.append("  " as StaticString)
    line.append(Int(samplesPerSecond.rounded()), isGrouped: true)
    for byte in unit { line.append(byte) }
    guard let totalIterations else { return }
    line.append("  " as StaticString)
    let samplesLeft = Double(max(0, totalIterations - values.iteration)) * Double(samplesPerIteration)
    append(duration: samplesLeft / samplesPerSecond)
    line.append(" left" as StaticString)
  }

  /// `0:42`, `1:02:03`.
  private func append(duration: Double) {
    // A run that looks longer than three centuries is stuck; its time is not worth an overflow.
    let seconds = Int(min(1e10, duration.rounded(.up)))
    if seconds >= 3600 {
      line.append(seconds / 3600)
      line.append(UInt8(ascii: ":"))
    }
    line.append(digits: UInt64(seconds / 60 % 60), atLeast: seconds >= 3600 ? 2 : 1)
    line.append(UInt8(ascii: ":"))
    line.append(digits: UInt64(seconds % 60), atLeast: 2)
  }

  private func updateSpeed(iteration: Int, now: Double) {
    let elapsed = now - lastShown
    guard elapsed > 0, iteration > lastIteration else { return }
    let speed = Double(iteration - lastIteration) * Double(samplesPerIteration) / elapsed
    let weight = samplesPerSecond == 0 ? 1 : 1 - exp(-elapsed / Self.smoothingSeconds)
    samplesPerSecond += weight * (speed - samplesPerSecond)
    lastShown = now
    lastIteration = iteration
  }

  private func columns() -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 120 }
    return Int(size.ws_col)
  }

  private func write() {
    if let writer { return writer.write(line.contents) }
    do throws(ReportError) { try line.write(to: descriptor, named: "progress") } catch { isBroken = true }
  }
}
