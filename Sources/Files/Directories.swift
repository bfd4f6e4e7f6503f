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

  /// Names in the directory, sorted, without `.` and `..`.
  ///
  /// - Throws: where a name is no UTF-8, too: a repaired name would not be found again.
  public static func names(in path: String) throws(FileError) -> [String] {
    guard let directory = opendir(path) else { throw FileError(path: path, action: "list", code: errno) }
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
  public static func remove(file path: String) throws(FileError) {
    guard unlink(path) == 0 || errno == ENOENT else { throw FileError(path: path, action: "remove", code: errno) }
  }

  /// Whether there is a directory under this path, or a link to one.
  public static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether anything exists under this path.
  public static func exists(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0
  }
}
