import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Trouble with writing a report: which file, what is wrong, what to do.
public struct ReportError: Error, Equatable, CustomStringConvertible {
  public let file: String
  public let reason: String
  public let remedy: String
  /// Something else than a file of ours lies there: waiting for room or rights mends nothing.
  public let isRefusal: Bool

  public init(file: String, reason: String, remedy: String, isRefusal: Bool = false) {
    self.file = file
    self.reason = reason
    self.remedy = remedy
    self.isRefusal = isRefusal
  }

  init(_ error: FileError) {
    // Of a link, a pipe.
    let isRefusal = error.code == ELOOP || error.code == EINVAL
    self.init(file: error.path, reason: error.reason, remedy: error.remedy, isRefusal: isRefusal)
  }

  public var description: String { "\(file): \(reason); \(remedy)" }
}
