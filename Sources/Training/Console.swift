import Files
import Logging
import Reporting

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a process has to say: its log on standard error, what a training came to on standard output, in this order wherever
/// both end up, and never at the cost of an iteration (see `LineWriter`).
final class Console: Sendable {
  let log = LineWriter(descriptor: STDERR_FILENO)
  private let results = LineWriter(descriptor: STDOUT_FILENO)

  /// How long the end of a run that signals do not end waits for a reader.
  private static let patienceSeconds = 2.0

  func logger(isFirstRank: Bool) -> Logger {
    Logger(label: "lockstep") { _ -> any LogHandler in
      if isFirstRank { return PlainLogHandler(console: self) }
      return SwiftLogNoOpLogHandler()
    }
  }

  /// On standard output, behind all that was logged.
  func show(_ text: String) {
    log.settle()
    results.write(printable(text))
    results.settle()
  }

  /// One line, whatever file names and recipes put into the message.
  func say(_ failure: Failure) {
    let text = failure.description.split(whereSeparator: \.isNewline).joined(separator: " ")
    log.write("lockstep: \(escaped(text))\n")
    log.settle()
  }

  /// Lets the readers have the rest: all of it, as any program does, unless the process holds back what would end it.
  func finish() {
    var held = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &held)
    let seconds = sigismember(&held, SIGTERM) == 1 ? Self.patienceSeconds : nil
    for writer in [log, results] { writer.finish(withinSeconds: seconds) }
  }

  /// Ends the process; nil: all is well.
  func exit(_ code: Failure.Code?) -> Never {
    finish()
    #if canImport(Darwin)
      Darwin.exit(code?.rawValue ?? 0)
    #else
      Glibc.exit(code?.rawValue ?? 0)
    #endif
  }
}

/// One line a message on standard error, without time and label: a person reads it.
private struct PlainLogHandler: LogHandler {
  let console: Console
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  init(console: Console) { self.console = console }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let prefix = event.level >= .warning ? "\(event.level): " : ""
    console.log.write("\(prefix)\(printable("\(event.message)"))\n")
    console.log.settle()
  }
}

extension Logger {
  /// Of a session's logger, on the rank that speaks.
  var console: Console? { (handler as? PlainLogHandler)?.console }

  /// What a training came to, on standard output: on the rank that speaks, behind its log, without waiting for a reader as
  /// `print` would.
  public func show(_ text: String) { console?.show(text) }
}
