import ArgumentParser
import Communication
import Glibc
import Training

/// The end of a process whose command line asks for help or cannot be understood: one rank speaks for all.
enum Refusal {
  /// Shows the help that was asked for, or says in one line what is wrong, and ends with exit code 0 or 64.
  static func end(_ error: any Error, _ arguments: [String]) -> Never {
    let text = LockstepCommand.message(for: error)
    guard LockstepCommand.exitCode(for: error) != .success else {
      guard LaunchEnvironment.current.needsMPI else {
        print(text)
        exit(0)
      }
      // All ranks start MPI, where those that have another command line wait for this one.
      Session.run(multiplies: false, stallTimeoutSeconds: Watchdog.usualSeconds) { communicator, _ in
        if communicator.rank == 0 { print(text) }
      }
    }
    let words = CommandWords(arguments)
    let reason = CommandAdvice(words).instead(of: text) ?? lowercased(text)
    let failure = Failure("\(reason) (see `\(words.name) --help`)", code: .usage)
    // All ranks have the same command line. They meet before they end, or mpirun might end the one that speaks.
    Session.run(multiplies: false, stallTimeoutSeconds: Watchdog.usualSeconds) { communicator, _ in
      try communicator.together { throw failure }
    }
  }

  /// `Unknown option '--frob'` within a sentence.
  private static func lowercased(_ text: String) -> String {
    let text = text.last == "." ? text.dropLast() : text[...]
    guard text.dropFirst().first?.isLowercase == true else { return String(text) }
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}
