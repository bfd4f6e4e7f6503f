#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Files that appear whole or not at all: written beside their name, then renamed.
public enum AtomicFile {
  /// Ending of the temporary name; what a killed process leaves behind has it.
  public static let partialSuffix = ".partial"

  /// Writes a file through `body` and puts it in place under `path`, replacing what was there.
  ///
  /// The temporary file lies in the same directory (a rename must not cross file systems) and is removed when anything
  /// fails. With `isDurable`, file and directory are flushed to the disk, so the result survives a power cut.
  public static func write(
    to path: String, isDurable: Bool = true, _ body: (FileWriter) throws(FileError) -> Void
  ) throws(FileError) {
    let (directory, name) = split(path)
    var status = stat()
    let isDirectory = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    // Before anything is written: a rename would find out last.
    guard !name.isEmpty, !isDirectory else {
      throw FileError(path: path, reason: "is a directory", remedy: "name a file")
    }
    let temporary = "\(directory)/.\(name).\(getpid())\(partialSuffix)"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError(path: path, action: "create", code: errno) }
    var isOpen = true
    do throws(FileError) {
      try body(FileWriter(path: path, descriptor: descriptor))
      if isDurable {
        let code = flush(descriptor)
        guard code == 0 else { throw FileError(path: path, action: "flush to the disk", code: code) }
      }
      isOpen = false
      guard close(descriptor) == 0 else { throw FileError(path: path, action: "finish writing", code: errno) }
      guard rename(temporary, path) == 0 else { throw FileError(path: path, action: "put in place", code: errno) }
    } catch {
      // The first failure is the one to report; these two can only fail in its wake.
      if isOpen { _ = close(descriptor) }
      _ = unlink(temporary)
      throw error
    }
    if isDurable { try flush(directory: directory) }
  }

  /// Directory and last component; the directory of a bare name is `.`.
  static func split(_ path: String) -> (directory: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let directory = path[..<slash]
    return (directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...]))
  }

  /// Makes a rename inside the directory durable. File systems that cannot flush a directory (`EINVAL`) are taken as
  /// they are.
  static func flush(directory: String) throws(FileError) {
    let descriptor = open(directory, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path: directory, action: "open the directory", code: errno) }
    let code = flush(descriptor)
    _ = close(descriptor)
    guard code == 0 || code == EINVAL else {
      throw FileError(path: directory, action: "flush the directory to the disk", code: code)
    }
  }

  /// `fsync` through signals, which interrupt it on network file systems; its `errno`, 0 when all went well.
  private static func flush(_ descriptor: Int32) -> Int32 {
    while true {
      if fsync(descriptor) == 0 { return 0 }
      let code = errno
      if code != EINTR { return code }
    }
  }
}
