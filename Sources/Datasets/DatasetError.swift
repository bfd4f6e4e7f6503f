import Files

/// Trouble with training data: which file, what is wrong, what to do.
public struct DatasetError: Error, Equatable, CustomStringConvertible {
  public let file: String
  public let reason: String
  public let remedy: String
  public let cause: Cause

  public enum Cause: Sendable {
    /// The content is not what it should be.
    case damaged
    /// There is no such file.
    case missing
    /// The source is not written as it should be.
    case wrongSource
    /// Nothing is wrong: the process is to end.
    case stopped
  }

  public init(file: String, reason: String, remedy: String, cause: Cause = .damaged) {
    self.file = file
    self.reason = reason
    self.remedy = remedy
    self.cause = cause
  }

  init(_ error: FileError) {
    self.init(
      file: error.path, reason: error.reason, remedy: error.remedy,
      cause: error.isStopped ? .stopped : error.isMissing ? .missing : .damaged)
  }

  /// In one line, whatever files are called.
  public var description: String { escaped("\(file): \(reason); \(remedy)") }
}
