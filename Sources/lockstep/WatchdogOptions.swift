import ArgumentParser
import Communication

/// How long a command waits for something to move.
struct WatchdogOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "End with exit 70, naming the ranks that are missing, when nothing has moved for so long; 0: never.",
      valueName: "SECONDS"))
  var stallTimeout = Watchdog.usualSeconds

  /// Nil: for ever.
  var seconds: Double? { stallTimeout > 0 ? stallTimeout : nil }

  func validate() throws {
    guard stallTimeout == 0 || (1...1e6).contains(stallTimeout) else {
      throw ValidationError("--stall-timeout \(stallTimeout): must be 0, or from 1 to 1,000,000")
    }
  }
}
