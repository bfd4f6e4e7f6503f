#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a file or directory is: under a path, or under a name in a directory that is held open.
///
/// What is in a held directory stays what it is, whatever becomes of the path: see `HeldDirectory`.
public struct FilePlace: Sendable, CustomStringConvertible {
  /// For messages; and where it is, without a held directory.
  public let path: String
  let directory: HeldDirectory?
  /// From the held directory on, or from the working directory.
  let name: String

  public init(_ path: String) {
    (self.path, name, directory) = (path, path, nil)
  }

  init(_ name: String, in directory: HeldDirectory) {
    (path, self.name, self.directory) = ("\(directory.path)/\(name)", name, directory)
  }

  private init(path: String, name: String, directory: HeldDirectory?) {
    (self.path, self.name, self.directory) = (path, name, directory)
  }

  public var description: String { path }

  /// A file in the directory of this place.
  public func appending(_ component: String) -> FilePlace {
    FilePlace(path: "\(path)/\(component)", name: "\(name)/\(component)", directory: directory)
  }

  /// What names begin at.
  var base: Int32 { directory?.descriptor ?? AT_FDCWD }

  /// The directory that it lies in, and its last component; the directory of a bare name is `.`.
  var split: (parent: FilePlace, last: String) {
    let (parentPath, last) = Self.split(path)
    return (FilePlace(path: parentPath, name: Self.split(name).directory, directory: directory), last)
  }

  private static func split(_ path: String) -> (directory: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let directory = path[..<slash]
    return (directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...]))
  }

  /// Opens it; `code` of the error is the call's `errno`.
  func open(_ flags: Int32, mode: mode_t = 0, action: String) throws(FileError) -> Int32 {
    while true {
      let descriptor = openat(base, name, flags | O_CLOEXEC, mode)
      if descriptor >= 0 { return descriptor }
      let code = errno
      guard code == EINTR else { throw FileError(path: path, action: action, code: code) }
    }
  }

  /// Opens the directory there as something that names begin at; the right to list it is not needed.
  ///
  /// One of a held directory that is missing is made: a part of a run may have been moved away.
  func openDirectory() throws(FileError) -> Int32 {
    do throws(FileError) { return try open(HeldDirectory.flags, action: "open the directory") } catch {
      guard directory != nil, error.isMissing, mkdirat(base, name, 0o777) == 0 else { throw error }
      return try open(HeldDirectory.flags, action: "open the directory")
    }
  }

  /// What is there, a link itself where it is one; nil where there is nothing.
  ///
  /// - Throws: where that cannot be told.
  func status() throws(FileError) -> stat? {
    var status = stat()
    guard fstatat(base, name, &status, AT_SYMLINK_NOFOLLOW) != 0 else { return status }
    let code = errno
    guard code == ENOENT || code == ENOTDIR else { throw FileError(path: path, action: "look at it", code: code) }
    return nil
  }
}
