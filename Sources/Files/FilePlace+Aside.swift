#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension FilePlace {
  /// True where there is nothing, not even a link.
  ///
  /// - Throws: where that cannot be told.
  public var hasNothing: Bool { get throws(FileError) { try status() == nil } }

  /// Gives a file another name in the same directory: `NAME.aside-0123456789abcdef`.
  ///
  /// - Returns: its place now; nil where there is no regular file.
  public func setAside() throws(FileError) -> FilePlace? {
    guard let found = try status(), found.st_mode & S_IFMT == S_IFREG else { return nil }
    let (parent, last) = split
    let aside = parent.appending("\(last).aside-\(RandomDigits.next())")
    guard renameat(base, name, aside.base, aside.name) == 0 else {
      throw FileError(path: path, action: "set aside", code: errno)
    }
    return aside
  }
}
