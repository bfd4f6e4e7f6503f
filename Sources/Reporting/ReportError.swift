import Files

/// Trouble with writing a report: which file, what is wrong, what to do.
public struct ReportError: Error, Equatable, CustomStringConvertible {
  public let file: String
  public let reason: String
  public let remedy: String

  public init(file: String, reason: String, remedy: String) {
    self.file = file
    self.reason = reason
    self.remedy = remedy
  }

  init(_ error: FileError) {
    self.init(file: error.path, reason: error.reason, remedy: error.remedy)
  }

  public var description: String { "\(file): \(reason); \(remedy)" }
}
