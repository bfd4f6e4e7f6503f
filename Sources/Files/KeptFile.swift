#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Files that a run keeps open and writes on: regular files of its own, never what a link leads to.
public enum KeptFile {
  /// Opens the file, or makes it, for reading and writing. It does not wait, as opening a pipe would.
  ///
  /// One that has a second name, as in a copy of the directory made by hard links, gets bytes of its own: the other
  /// keeps what it has.
  ///
  /// - Parameter flags: beside those of opening, as `O_APPEND`.
  /// - Throws: where a link, a directory or a pipe lies there.
  public static func open(_ place: FilePlace, flags: Int32 = 0) throws(FileError) -> Int32 {
    let descriptor = try openOrMake(place, flags)
    do throws(FileError) {
      let links = try check(descriptor, place)
      guard links > 1 else { return descriptor }
      let source = try InputFile(place)
      try AtomicFile.write(to: place) { file throws(FileError) in
        try file.copy(0..<source.byteCount, of: source.descriptor, source.path)
      }
    } catch {
      // Nothing has been written through it.
      _ = close(descriptor)
      throw error
    }
    _ = close(descriptor)
    return try openOrMake(place, flags)
  }

  /// The same without regard to second names: for a lock.
  static func openShared(_ place: FilePlace) throws(FileError) -> Int32 {
    let descriptor = try openOrMake(place, 0)
    do throws(FileError) { _ = try check(descriptor, place) } catch {
      _ = close(descriptor)
      throw error
    }
    return descriptor
  }

  /// - Throws: where a link, a pipe or a device lies there. (A directory may go away; it leads nowhere.)
  public static func check(_ place: FilePlace) throws(FileError) {
    guard let status = try place.status(), status.st_mode & S_IFMT != S_IFDIR else { return }
    if let refusal = refusal(of: status, path: place.path) { throw refusal }
  }

  private static func openOrMake(_ place: FilePlace, _ flags: Int32) throws(FileError) -> Int32 {
    do throws(FileError) {
      return try place.open(
        O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | flags, mode: 0o666, action: "open for writing")
    } catch {
      if let status = try? place.status(), let refusal = refusal(of: status, path: place.path) { throw refusal }
      throw error
    }
  }

  /// - Returns: how many names it has.
  private static func check(_ descriptor: Int32, _ place: FilePlace) throws(FileError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(path: place.path, action: "look at it", code: errno) }
    if let refusal = refusal(of: status, path: place.path) { throw refusal }
    return Int(status.st_nlink)
  }

  /// Why nothing is written under a name where this lies; nil for a regular file.
  static func refusal(of status: stat, path: String) -> FileError? {
    switch status.st_mode & S_IFMT {
    case S_IFREG: nil
    case S_IFLNK:
      FileError(
        path: path, reason: "is a symbolic link, which is not written through",
        remedy: "remove it, or put the file itself there", code: ELOOP)
    case S_IFDIR: FileError(path: path, reason: "is a directory", remedy: "name a file", code: EISDIR)
    default:
      FileError(path: path, reason: "is no regular file", remedy: "remove it, or name another place", code: EINVAL)
    }
  }
}
