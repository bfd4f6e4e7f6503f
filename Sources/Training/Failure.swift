/// Something that ends the command: one message, and the exit code that scripts see.
public struct Failure: Error, CustomStringConvertible {
  /// Exit codes with the meaning of sysexits.h.
  public enum Code: Int32, Sendable {
    case general = 1
    /// Wrong use of the command line or the launcher.
    case usage = 64
    /// An input file is damaged or inconsistent.
    case data = 65
    /// An input file cannot be opened.
    case noInput = 66
    /// Something that the machine should have is missing.
    case unavailable = 69
    /// A defect of the program.
    case software = 70
    /// The system gives too little memory, or too few threads.
    case operatingSystem = 71
    /// An output cannot be created.
    case cannotCreate = 73
    /// Reading or writing failed midway.
    case inputOutput = 74
    /// Stopped as asked; run again to go on.
    case tryAgain = 75
    /// The recipe cannot be used.
    case configuration = 78
    /// Ended by Ctrl-C, saved before.
    case interrupted = 130
  }

  public let description: String
  public let code: Code

  public init(_ description: String, code: Code) {
    self.description = description
    self.code = code
  }
}
