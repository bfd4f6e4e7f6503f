#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where something may be written.
public enum OutputPath {
  /// Refuses the two paths that a variable which is not set leaves behind: nothing, and the root of the file system.
  ///
  /// - Returns: the path.
  /// - Throws: for blanks only, and for whatever spells or leads to `/`: `//`, `/.`, `/tmp/..`, a link.
  public static func checked(_ path: String) throws(FileError) -> String {
    let remedy = "name a directory or a file below it"
    guard !path.trimmed.isEmpty else {
      throw FileError(path: "\"\(escaped(path))\"", reason: "an empty path is no place to write", remedy: remedy)
    }
    guard !isRoot(path) else {
      throw FileError(path: escaped(path), reason: "is the root of the file system", remedy: remedy)
    }
    return path
  }

  private static func isRoot(_ path: String) -> Bool {
    var (here, root) = (stat(), stat())
    if stat(path, &here) == 0, stat("/", &root) == 0 {
      return here.st_dev == root.st_dev && here.st_ino == root.st_ino
    }
    // Where a part is not there yet, making it would lead to the root as well.
    guard path.hasPrefix("/") else { return false }
    var depth = 0
    for part in path.split(separator: "/") where part != "." { depth = max(0, depth + (part == ".." ? -1 : 1)) }
    return depth == 0
  }
}
