import Threads

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ends this process where MPI does not come to its feet: it blocks until all processes of the job are there, and one of
/// them may have ended, hang, or be a program that starts no MPI. No rank knows of the others yet, so each waits alone, and the
/// lowest speaks first, which lets the launcher end the rest.
final class StartDeadline: Sendable {
  /// Seconds for the start; 0: for ever.
  static let variable = "LOCKSTEP_START_TIMEOUT"

  /// What blocks.
  enum Stage: Sendable {
    case library, communicators

    fileprivate func words(seconds: Int) -> String {
      switch self {
      case .library:
        "MPI has not started for \(seconds) s: a process of this job has ended, hangs, or is a program that starts no MPI; "
          + "start all ranks with the same program and command line (\(StartDeadline.variable)=SECONDS waits longer)"
      case .communicators:
        "MPI has started, but makes no communicators for \(seconds) s: another program runs on some ranks, or MPI or the "
          + "network hangs (\(StartDeadline.variable)=SECONDS waits longer)"
      }
    }
  }

  private let rank: Int
  private let seconds: Double?
  private let thread = WatchThread()
  private let output: Int32
  private let end: @Sendable () -> Void

  /// - Parameter seconds: nil: for ever.
  init(
    rank: Int, seconds: Double?, output: Int32 = STDERR_FILENO,
    end: @escaping @Sendable () -> Void = { _exit(Watchdog.exitCode) }
  ) {
    (self.rank, self.seconds, self.output, self.end) = (rank, seconds, output, end)
  }

  deinit { thread.stop() }

  /// `stage` begins, and with it the time.
  ///
  /// - Throws: `.watchdog` when the system gives no thread.
  func begin(_ stage: Stage) throws(CommunicationError) {
    thread.stop()
    guard let seconds else { return }
    let line = Array("lockstep: rank \(rank): \(stage.words(seconds: Int(seconds.rounded())))\n".utf8)
    let (thread, output, end) = (thread, output, end)
    let rest = Self.turn(of: rank)
    do throws(SystemThread.Shortage) {
      try thread.start {
        guard Self.passes(seconds, on: thread), thread.sleeps(seconds: rest) else { return }
        var request = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
        if poll(&request, 1, 1000) > 0 { _ = write(output, line, line.count) }
        end()
      }
    } catch {
      throw .watchdog(text: "no thread: \(error.reason)", rank: rank)
    }
  }

  func stop() { thread.stop() }

  /// Seconds by which a rank leaves it to lower ones to speak: launchers take up to 2 s to end the others.
  static func turn(of rank: Int) -> Double { 2.5 * Double(min(rank, 4)) }

  /// In small steps, so that time in which the process was suspended does not count.
  private static func passes(_ seconds: Double, on thread: WatchThread) -> Bool {
    var left = seconds
    while left > 0 {
      let step = min(0.25, left)
      guard thread.sleeps(seconds: step) else { return false }
      left -= step
    }
    return true
  }

  /// How long MPI's start, and then the first answer of all ranks, may take: generous, and more for many ranks.
  ///
  /// - Throws: `.launch` for a value of the variable that is no time.
  static func limits(_ environment: LaunchEnvironment) throws(CommunicationError) -> (start: Double?, answer: Double?) {
    guard let text = environment.startTimeout else {
      let ranks = Double(environment.size)
      return (120 + 0.1 * ranks, 20 + 0.1 * ranks)
    }
    guard let seconds = Double(text), seconds >= 0, seconds <= 1e6 else {
      throw .launch(
        text: "\(variable)=\(text): must be a number of seconds up to 1,000,000, or 0 for no limit",
        rank: environment.rank)
    }
    return seconds == 0 ? (nil, nil) : (seconds, seconds)
  }
}
