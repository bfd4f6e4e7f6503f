import Clocks

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// When a run must have ended, and how long before that it must begin to save.
///
///     stops at  end − (2·save + 4·phase + 2 s)
///
/// with the longest save and the longest phase so far: a save may be twice as slow as the slowest yet. The phase in which
/// the time comes runs to its end, the next one carries the wish to all ranks, and where updates overlap with the phase
/// after, that one tells what came of it: three; and one more for phases that are slower than any before.
public struct TimeLimit: Sendable {
  /// Seconds since 1970.
  public let end: Double
  /// Where the limit comes from, for messages.
  public let origin: String
  private var longestSave: Double
  private var longestPhase = 0.0

  static let reserveSeconds = 2.0
  /// What a first save is reckoned with: a slow network file system.
  static let bytesPerSecond = 50e6

  /// - Parameter stateBytes: how much a checkpoint holds; the first save is estimated from it.
  public init(end: Double, origin: String, stateBytes: Int) {
    (self.end, self.origin) = (end, origin)
    longestSave = Double(stateBytes) / Self.bytesPerSecond
  }

  /// The earliest of `--time-limit` and what the environment says; nil where nothing limits the run.
  ///
  /// `LOCKSTEP_END_TIME` and `SLURM_JOB_END_TIME` are seconds since 1970; `PBS_WALLTIME` (Torque) is the seconds that the
  /// job has from its start on, which is taken for the start of this process.
  public init?(
    seconds: Double?, stateBytes: Int, now: Double = SystemClock.calendar.seconds,
    environment: (String) -> String? = { getenv($0).map { String(cString: $0) } }
  ) {
    var ends: [(end: Double, origin: String)] = []
    if let seconds { ends.append((now + seconds, "--time-limit")) }
    for name in ["LOCKSTEP_END_TIME", "SLURM_JOB_END_TIME"] {
      if let end = environment(name).flatMap(Double.init), end.isFinite, end > 0 { ends.append((end, name)) }
    }
    if let seconds = environment("PBS_WALLTIME").flatMap(Double.init), seconds.isFinite, seconds > 0 {
      ends.append((now + seconds, "PBS_WALLTIME"))
    }
    guard let first = ends.min(by: { $0.end < $1.end }) else { return nil }
    self.init(end: first.end, origin: first.origin, stateBytes: stateBytes)
  }

  /// Learns from a save or a phase that took so long.
  public mutating func learn(saveSeconds: Double) { longestSave = max(longestSave, saveSeconds) }
  public mutating func learn(phaseSeconds: Double) { longestPhase = max(longestPhase, phaseSeconds) }

  /// Seconds before the end at which saving must begin.
  public var margin: Double { 2 * longestSave + 4 * longestPhase + Self.reserveSeconds }

  /// Whether it is time to save and stop.
  public func isDue(now: Double = SystemClock.calendar.seconds) -> Bool { now + margin >= end }

  /// - Throws: where there is not even the time to save.
  public func check() throws {
    guard isDue() else { return }
    throw Failure(
      """
      \(origin): only \(Int(max(0, end - SystemClock.calendar.seconds))) s are left, and saving may take \(Int(margin.rounded(.up))) s; \
      nothing was started: give the run more time
      """, code: .usage)
  }
}
