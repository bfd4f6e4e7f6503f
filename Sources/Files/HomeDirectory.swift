#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Home directories, as a shell writes them.
public enum HomeDirectory {
  /// `path` with `~` or `~user` at its start written out, as a shell does for a word, but not behind `folder:` or `=`.
  ///
  /// - Throws: where there is no such user.
  public static func expanded(_ path: String) throws(FileError) -> String {
    guard path.hasPrefix("~") else { return path }
    let user = path.dropFirst().prefix { $0 != "/" }
    let rest = path.dropFirst(1 + user.count)
    guard let home = home(of: String(user)) else {
      throw FileError(
        path: path,
        reason: user.isEmpty ? "the home directory is not known" : "there is no user \(escaped(String(user)))",
        remedy: "write the path in full; a name that begins with ~ is ./\(escaped(path))")
    }
    return (home.hasSuffix("/") && rest.hasPrefix("/") ? String(home.dropLast()) : home) + rest
  }

  /// - Parameter user: empty for the one who runs this.
  private static func home(of user: String) -> String? {
    if user.isEmpty, let home = getenv("HOME"), home[0] != 0 { return String(cString: home) }
    // One thread asks, at the start.
    let entry = user.isEmpty ? getpwuid(geteuid()) : getpwnam(user)
    return entry.map { String(cString: $0.pointee.pw_dir) }
  }
}
