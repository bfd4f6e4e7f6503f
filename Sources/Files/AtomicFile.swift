#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Files that appear whole or not at all: written beside their name, then renamed.
public enum AtomicFile {
  /// Writes a file through `body` and puts it in place under `path`, replacing what was there; removes what killed
  /// processes left half-written of it.
  public static func write(
    to path: String, isDurable: Bool = true, _ body: (FileWriter) throws(FileError) -> Void
  ) throws(FileError) {
    PartialFile.removeAbandoned(of: path)
    try write(to: FilePlace(path), isDurable: isDurable, body)
  }

  /// Writes a file through `body` and puts it in place, replacing the file that was there.
  ///
  /// The temporary file lies in the same directory (a rename must not cross file systems), under a name that nobody can
  /// know before, for nobody else to read until it is complete, and is removed when anything fails. With `isDurable`, file
  /// and directory are flushed to the disk, so the result survives a power cut.
  ///
  /// - Throws: where a link, a directory or a device lies there, too.
  public static func write(
    to place: FilePlace, isDurable: Bool = true, _ body: (FileWriter) throws(FileError) -> Void
  ) throws(FileError) {
    let (parent, name) = place.split
    guard !name.isEmpty else { throw FileError(path: place.path, reason: "is a directory", remedy: "name a file") }
    let directory = try open(parent, for: place)
    // Only names begin there.
    defer { _ = close(directory) }
    // Before anything is written: a rename would find out last.
    let mode = try self.mode(of: name, in: directory, path: place.path)
    let (temporary, descriptor) = try create(besides: name, in: directory, path: place.path)
    var isOpen = true
    do throws(FileError) {
      try body(FileWriter(path: place.path, descriptor: descriptor))
      // Some file systems have no modes to set.
      if fchmod(descriptor, mode) != 0, ![EPERM, ENOSYS, EOPNOTSUPP].contains(errno) {
        throw FileError(path: place.path, action: "set the permissions", code: errno)
      }
      if isDurable {
        let code = flush(descriptor)
        guard code == 0 else { throw FileError(path: place.path, action: "flush to the disk", code: code) }
      }
      isOpen = false
      guard close(descriptor) == 0 else { throw FileError(path: place.path, action: "finish writing", code: errno) }
      guard renameat(directory, temporary, directory, name) == 0 else {
        throw FileError(path: place.path, action: "put in place", code: errno)
      }
    } catch {
      // The first failure is the one to report; these two can only fail in its wake.
      if isOpen { _ = close(descriptor) }
      _ = unlinkat(directory, temporary, 0)
      throw error
    }
    if isDurable { try flush(directory: directory, path: parent.path) }
  }

  /// The directory to write in; what is told is the file that cannot be written.
  private static func open(_ parent: FilePlace, for place: FilePlace) throws(FileError) -> Int32 {
    do throws(FileError) { return try parent.openDirectory() } catch {
      throw FileError(path: place.path, action: "create", code: error.code ?? EIO)
    }
  }

  /// What the new file's permissions are to be: those of the one that it replaces, or the usual ones.
  private static func mode(of name: String, in directory: Int32, path: String) throws(FileError) -> mode_t {
    var status = stat()
    guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return 0o666 & ~creationMask }
    if let refusal = KeptFile.refusal(of: status, path: path) { throw refusal }
    return status.st_mode & 0o777
  }

  /// The process' `umask`, which can be asked for only by setting it: a file that another thread makes at that moment is
  /// for its owner alone.
  private static let creationMask: mode_t = {
    let mask = umask(0o077)
    _ = umask(mask)
    return mask
  }()

  private static func create(
    besides name: String, in directory: Int32, path: String
  ) throws(FileError) -> (name: String, descriptor: Int32) {
    while true {
      let temporary = PartialName(of: name).text
      let descriptor = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      if descriptor >= 0 {
        if PartialFile.hold(descriptor) { return (temporary, descriptor) }
        _ = close(descriptor)
        continue
      }
      let code = errno
      guard code == EEXIST || code == EINTR else { throw FileError(path: path, action: "create", code: code) }
    }
  }

  /// Makes a rename inside the directory durable. File systems that cannot flush a directory (`EINVAL`) are taken as
  /// they are.
  private static func flush(directory: Int32, path: String) throws(FileError) {
    let descriptor = openat(directory, ".", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path: path, action: "open the directory", code: errno) }
    let code = flush(descriptor)
    _ = close(descriptor)
    guard code == 0 || code == EINVAL else {
      throw FileError(path: path, action: "flush the directory to the disk", code: code)
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
