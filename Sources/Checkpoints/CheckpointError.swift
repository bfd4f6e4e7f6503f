import Files

/// Trouble with a checkpoint: which file, what is wrong, what to do.
public struct CheckpointError: Error, Equatable, CustomStringConvertible {
  /// What kind of trouble: only a file that was read can be called damaged.
  public enum Cause: Sendable, Equatable {
    /// It was read, and what it holds is wrong.
    case damaged
    /// The system did not let it be read, with this `errno`: nobody knows what it holds.
    case unreadable(Int32)
    /// It could not be written, with this `errno`.
    case unwritable(Int32)
    /// It is whole, yet something else than is looked for: of another place in a run, another run, another model.
    case foreign
  }

  public let file: String
  public let reason: String
  public let remedy: String
  public let cause: Cause

  public init(file: String, reason: String, remedy: String, cause: Cause = .damaged) {
    self.file = file
    // Names of tensors are somebody else's words, and may be as long as the file.
    self.reason = clipped(reason, atMost: 300)
    self.remedy = remedy
    self.cause = cause
  }

  /// Of reading.
  init(_ error: FileError) {
    self.init(
      file: error.path, reason: error.reason, remedy: error.remedy,
      cause: error.code.map(Cause.unreadable) ?? .damaged)
  }

  /// Of writing, or of removing.
  init(writing error: FileError) {
    self.init(
      file: error.path, reason: error.reason, remedy: error.remedy,
      cause: error.code.map(Cause.unwritable) ?? .damaged)
  }

  /// Damage that an older checkpoint or a fresh copy mends.
  static func damaged(_ file: String, _ reason: String) -> CheckpointError {
    CheckpointError(file: file, reason: reason, remedy: "the file is damaged, use another checkpoint or copy it again")
  }

  /// Whether an older checkpoint may serve instead: it is known what this one holds, and that is no use.
  public var isToBeSkipped: Bool { cause == .damaged || cause == .foreign }

  public var description: String { "\(escaped(file)): \(reason); \(remedy)" }
}
