#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Tells whether a file is the one that was looked at before: as long as this is equal, nobody has replaced or changed it.
public struct FileSeal: Equatable, Sendable {
  private let numbers: [Int64]

  /// - Returns: nil where there is no file.
  /// - Throws: where that cannot be told.
  public init?(_ place: FilePlace) throws(FileError) {
    guard let status = try place.status() else { return nil }
    #if canImport(Darwin)
      let time = status.st_ctimespec
    #else
      let time = status.st_ctim
    #endif
    numbers = [
      Int64(status.st_dev), Int64(bitPattern: UInt64(status.st_ino)), Int64(status.st_size), Int64(time.tv_sec),
      Int64(time.tv_nsec),
    ]
  }
}

extension FilePlace {
  /// True where there is nothing, not even a link.
  ///
  /// - Throws: where that cannot be told.
  public var isEmpty: Bool { get throws(FileError) { try status() == nil } }

  /// Gives a file another name in the same directory: `NAME.aside-0123456789abcdef`.
  ///
  /// - Returns: its place now; nil where there is no regular file.
  public func setAside() throws(FileError) -> FilePlace? {
    guard let found = try status(), found.st_mode & S_IFMT == S_IFREG else { return nil }
    var random = SystemRandomNumberGenerator()
    let (parent, last) = split
    let aside = parent.appending("\(last).aside-\(String(random.next() as UInt64, radix: 16))")
    guard renameat(base, name, aside.base, aside.name) == 0 else {
      throw FileError(path: path, action: "set aside", code: errno)
    }
    return aside
  }
}
