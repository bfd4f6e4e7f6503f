#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Trouble with a file or directory: which one, what is wrong, what to do.
public struct FileError: Error, Equatable, CustomStringConvertible {
  public let path: String
  public let reason: String
  public let remedy: String
  /// The `errno` of the call that failed; nil where the file was read and something is wrong with what it holds.
  public let code: Int32?
  /// True where nothing is wrong but the wish to stop.
  public let isStopped: Bool

  /// True where there is no such file.
  public var isMissing: Bool { code == ENOENT }

  public init(path: String, reason: String, remedy: String, code: Int32? = nil, isStopped: Bool = false) {
    self.path = path
    self.reason = reason
    self.remedy = remedy
    self.code = code
    self.isStopped = isStopped
  }

  public var description: String { "\(path): \(reason); \(remedy)" }

  /// The error of a failed system call: `action` says what was tried, `code` is its `errno`.
  public init(path: String, action: String, code: Int32) {
    let remedy =
      switch code {
      case ENOENT: "check the path"
      case EACCES, EPERM, EROFS: "check the permissions or name another place"
      case ENOSPC, EDQUOT: "free some space or name another place"
      case EFBIG: "raise the file size limit (ulimit -f) or name another place"
      case EMFILE, ENFILE: "raise the limit of open files (ulimit -n)"
      case ESTALE: "the server has another file there now, try again"
      case ENOTDIR, EISDIR, EEXIST, ELOOP: "check that the path names what is meant"
      default: "check the disk or file system"
      }
    self.init(
      path: path, reason: "cannot \(action): \(String(cString: strerror(code)))", remedy: remedy, code: code)
  }
}

/// A count with its thousands set apart: 41216 is `41,216`.
public func grouped(_ count: Int) -> String {
  let digits = String(count.magnitude)
  var result = count < 0 ? "-" : ""
  for (place, digit) in digits.enumerated() {
    if place > 0, (digits.count - place) % 3 == 0 { result.append(",") }
    result.append(digit)
  }
  return result
}
