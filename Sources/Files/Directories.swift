#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Directories: make, list, remove from.
public enum Directories {
  /// Makes the directory and its missing parents; one that exists is fine.
  public static func create(_ path: String) throws(FileError) {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for component in path.split(separator: "/") {
      prefix += prefix.isEmpty || prefix.hasSuffix("/") ? String(component) : "/" + component
      guard mkdir(prefix, 0o777) != 0 else { continue }
      let code = errno
      var status = stat()
      let isDirectory = stat(prefix, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      guard isDirectory else { throw FileError(path: prefix, action: "make the directory", code: code) }
    }
  }

  /// Makes a directory, or one in a held directory; one that exists is fine.
  public static func create(_ place: FilePlace) throws(FileError) {
    guard place.directory != nil else { return try create(place.path) }
    _ = close(try place.openDirectory())
  }

  /// Names in the directory, sorted, without `.` and `..`.
  ///
  /// - Throws: where a name is no UTF-8, too: a repaired name would not be found again.
  public static func names(in path: String) throws(FileError) -> [String] { try names(in: FilePlace(path)) }

  public static func names(in place: FilePlace) throws(FileError) -> [String] {
    let path = place.path
    let descriptor = try place.open(O_RDONLY | O_DIRECTORY, action: "list")
    guard let directory = fdopendir(descriptor) else {
      let code = errno
      _ = close(descriptor)
      throw FileError(path: path, action: "list", code: code)
    }
    defer { _ = closedir(directory) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(directory) {
      // `d_name` is imported as a tuple; its bytes lie behind the fixed fields of the entry.
      let bytes = UnsafeRawPointer(entry).advanced(by: MemoryLayout<dirent>.offset(of: \.d_name)!)
        .assumingMemoryBound(to: CChar.self)
      guard let name = String(validatingCString: bytes) else {
        throw FileError(
          path: path, reason: "holds a file whose name is no UTF-8, \(escaped(String(cString: bytes)))",
          remedy: "rename it")
      }
      if name != "." && name != ".." { names.append(name) }
      errno = 0
    }
    guard errno == 0 else { throw FileError(path: path, action: "list", code: errno) }
    return names.sorted()
  }

  /// Removes a file; one that is already gone is fine.
  public static func remove(file path: String) throws(FileError) { try remove(FilePlace(path)) }

  public static func remove(_ place: FilePlace) throws(FileError) {
    guard unlinkat(place.base, place.name, 0) == 0 || errno == ENOENT else {
      throw FileError(path: place.path, action: "remove", code: errno)
    }
  }

  /// Whether there is a directory under this path, or a link to one.
  public static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether there is anything; false only where the system says that there is nothing.
  ///
  /// - Throws: where that cannot be told, as without the right to look, or where a link leads to nothing: what is meant may
  ///   be on a disk that is not mounted.
  public static func isThere(_ path: String) throws(FileError) -> Bool { try isThere(FilePlace(path)) }

  public static func isThere(_ place: FilePlace) throws(FileError) -> Bool {
    guard try place.status() != nil else { return false }
    var status = stat()
    guard fstatat(place.base, place.name, &status, 0) != 0 else { return true }
    throw FileError(path: place.path, action: "follow the link", code: errno)
  }

  /// Whether anything is seen under this path, for hints; what decides over work asks `isThere`.
  public static func exists(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0
  }
}
