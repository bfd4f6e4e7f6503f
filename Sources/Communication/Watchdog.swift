import CMPI
import Clocks
import Threads

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ends a run in which nothing moves any more, and says who is waited for.
///
/// A thread that looks at the signs of life of all ranks it can see, several times per timeout. When none of them has
/// changed for `stallTimeoutSeconds` (longer while some rank is at work that cannot beat, see `Activity.patience`), one rank
/// writes one line to standard error and the process ends with exit code 70; the others follow. Time in which this process
/// was itself suspended does not count.
///
/// A rank whose process does not run at all, not even its watchdog, ends the run likewise though others move: groups of a
/// sweep do not wait for each other.
///
/// The thread makes no MPI call, allocates nothing and takes no request to stop: it must work when the rest of the process does not,
/// whichever library call that is stuck in. Every rank has one, so none needs MPI to end the others.
///
/// `@unchecked Sendable`: what changes after `start()` belongs to the thread; `start()` and `stop()`, and the pulse that they
/// mark, to the owner.
public final class Watchdog: @unchecked Sendable {
  public static let exitCode: Int32 = 70
  /// What commands wait for without being told.
  public static let usualSeconds = 300.0
  /// How long the ranks that do not speak wait for the one that does.
  static let graceSeconds = 2.0
  /// For the line to pass through the launcher before it ends everything.
  private static let deliverySeconds = 0.1
  private static let lineCapacity = 1024

  private let rank: Int
  private let board: PulseBoard
  /// Of the owner, for `start()` and `stop()`.
  private let pulse: Pulse
  private let stallTimeoutSeconds: Double
  /// Descriptor that the line goes to.
  private let output: Int32
  private let end: @Sendable (UnsafeRawBufferPointer) -> Void
  private let current: UnsafeMutableBufferPointer<PulseReading>
  private let former: UnsafeMutableBufferPointer<PulseReading>
  /// For how long the process of each rank has shown nothing, watches included.
  private let absences: UnsafeMutableBufferPointer<Absence>
  private let lineMemory: UnsafeMutableRawBufferPointer
  private let thread = WatchThread()

  /// - Parameter pulse: the communicator's; ranks of other nodes are seen through it as well.
  /// - Precondition: `stallTimeoutSeconds` > 0.
  public convenience init(pulse: Pulse, stallTimeoutSeconds: Double) {
    self.init(pulse: pulse, stallTimeoutSeconds: stallTimeoutSeconds) { _ in _exit(Self.exitCode) }
  }

  /// - Parameter end: what is done after the line (empty when another rank has written it) in place of ending the process.
  init(
    pulse: Pulse, stallTimeoutSeconds: Double, output: Int32 = STDERR_FILENO,
    end: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
  ) {
    precondition(stallTimeoutSeconds > 0, "a stall timeout of \(stallTimeoutSeconds) s")
    (rank, board, self.stallTimeoutSeconds, self.end) = (pulse.rank, pulse.board, stallTimeoutSeconds, end)
    (self.output, self.pulse) = (output, pulse)
    current = .allocate(capacity: pulse.size)
    former = .allocate(capacity: pulse.size)
    current.initialize(repeating: PulseReading())
    former.initialize(repeating: PulseReading())
    absences = .allocate(capacity: pulse.size)
    absences.initialize(repeating: Absence())
    lineMemory = .allocate(byteCount: Self.lineCapacity, alignment: 8)
  }

  deinit {
    current.deallocate()
    former.deallocate()
    absences.deallocate()
    lineMemory.deallocate()
  }

  /// Starts the thread; `stop()` ends it, or the regular end of the communicator does. It may be started again after `stop()`.
  ///
  /// - Throws: `.watchdog` when the system gives no thread.
  public func start() throws(CommunicationError) {
    do throws(SystemThread.Shortage) { try thread.start { self.watch() } } catch {
      throw .watchdog(text: "no thread: \(error.reason)", rank: rank)
    }
    pulse.isWatched = true
  }

  /// Ends the thread and returns when it has ended. A second call does nothing.
  public func stop() {
    guard thread.isRunning else { return }
    thread.stop()
    pulse.isWatched = false
  }

  /// The thread.
  private func watch() {
    let tick = min(0.25, stallTimeoutSeconds / 10)
    var (quiet, before) = (0.0, SystemClock.monotonic.nanoseconds)
    board.countWatch(rank: rank)
    board.read(into: former)
    absences.update(repeating: Absence())
    while thread.sleeps(seconds: tick) {
      let now = SystemClock.monotonic.nanoseconds
      // Of a longer gap this process was suspended, perhaps all of them.
      let passed = min(Double(now - before) * 1e-9, 2 * tick)
      quiet += passed
      before = now
      board.countWatch(rank: rank)
      board.show(filesTraffic: filesTraffic, rank: rank)
      board.read(into: current)
      if current[rank].hasEnded { return }
      if current.contains(where: \.hasSpoken) {
        guard thread.sleeps(seconds: 2 * Self.deliverySeconds) else { return }
        return end(UnsafeRawBufferPointer(rebasing: lineMemory[..<0]))
      }
      if let absent = longestAbsent(after: passed) { return speakOf(absent) }
      if hasMoved() {
        quiet = 0
        _ = former.update(fromContentsOf: current)
        continue
      }
      let stall = Stall(UnsafeBufferPointer(current), before: UnsafeBufferPointer(former), numbers: board.numbers)
      // The watchdog of a part knows better what it waits for.
      let rest = board.watchedParts.load(ordering: .relaxed) > 0 ? Self.graceSeconds : 0
      let limit = stallTimeoutSeconds * stall.patience + rest
      guard quiet >= limit, stall.speaker == rank || quiet >= limit + Self.graceSeconds else { continue }
      return speak(stall, seconds: quiet)
    }
  }

  /// A rank that has shown nothing for longer than the timeout, and longer than others would have taken to say so.
  private func longestAbsent(after passed: Double) -> Int? {
    var longest: Int?
    for other in current.indices where other != rank {
      absences[other].update(current[other], passed: passed)
      if absences[other].seconds > (longest.map { absences[$0].seconds } ?? 0) { longest = other }
    }
    let limit = stallTimeoutSeconds + 2 * Self.graceSeconds
    guard let longest, absences[longest].seconds >= limit else { return nil }
    // The lowest of those that run speaks.
    let speaker = current.indices.first { $0 == rank || absences[$0].seconds < limit }
    return speaker == rank || absences[longest].seconds >= limit + Self.graceSeconds ? longest : nil
  }

  private func speakOf(_ absent: Int) {
    var line = LineBuffer(lineMemory)
    Stall(UnsafeBufferPointer(current), numbers: board.numbers)
      .describe(absent: absent, rank: rank, seconds: absences[absent].seconds, in: &line)
    finish(line)
  }

  private func hasMoved() -> Bool {
    for rank in current.indices where !current[rank].isSame(as: former[rank]) { return true }
    return false
  }

  /// Grows while this process reads or writes files: blocks of devices and of network file systems, and pages of mapped files.
  private var filesTraffic: UInt64 {
    var usage = rusage()
    #if canImport(Darwin)
      let code = getrusage(RUSAGE_SELF, &usage)
    #else
      let code = getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    #endif
    guard code == 0 else { return 0 }
    return UInt64(usage.ru_inblock + usage.ru_oublock + usage.ru_majflt)
  }

  private func speak(_ stall: Stall, seconds: Double) {
    var line = LineBuffer(lineMemory)
    stall.describe(rank: rank, seconds: seconds, in: &line)
    finish(line)
  }

  private func finish(_ line: LineBuffer) {
    // Neither a closed standard error nor a full pipe that nobody reads must keep the process alive.
    if takesLine { _ = write(output, line.bytes.baseAddress, line.bytes.count) }
    board.setSpoken(rank: rank)
    _ = thread.sleeps(seconds: Self.deliverySeconds)
    end(line.bytes)
  }

  /// Whether the line can be written without waiting for a reader, now or within the grace time.
  private var takesLine: Bool {
    var request = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
    return output >= 0 && poll(&request, 1, Int32(Self.graceSeconds * 1000)) > 0
  }
}

/// What was last seen of a rank's process, and for how long.
private struct Absence {
  private var last = PulseReading()
  private(set) var seconds = 0.0

  mutating func update(_ reading: PulseReading, passed: Double) {
    // Watches of other nodes are not seen; those outside of a run, before or after it are none.
    let isHidden = reading.watches == 0 || reading.hasEnded || reading.activity == .outside
    seconds = isHidden || reading != last ? 0 : seconds + passed
    last = reading
  }
}
