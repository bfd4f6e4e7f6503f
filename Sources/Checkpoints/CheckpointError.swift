import Files

/// Trouble with a checkpoint: which file, what is wrong, what to do.
public struct CheckpointError: Error, Equatable, CustomStringConvertible {
  public let file: String
  public let reason: String
  public let remedy: String

  public init(file: String, reason: String, remedy: String) {
    self.file = file
    // Names of tensors are somebody else's words, and may be as long as the file.
    self.reason = clipped(reason, atMost: 300)
    self.remedy = remedy
  }

  init(_ error: FileError) {
    self.init(file: error.path, reason: error.reason, remedy: error.remedy)
  }

  /// Damage that an older checkpoint or a fresh copy mends.
  static func damaged(_ file: String, _ reason: String) -> CheckpointError {
    CheckpointError(file: file, reason: reason, remedy: "the file is damaged, use another checkpoint or copy it again")
  }

  public var description: String { "\(escaped(file)): \(reason); \(remedy)" }
}
