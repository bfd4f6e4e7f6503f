#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension RunLock {
  /// Whether the file that is locked still lies in the directory: where it does not, another process may take the directory
  /// for free.
  public var isInPlace: Bool {
    var (locked, there) = (stat(), stat())
    let place = directory.place(Self.fileName)
    guard fstat(descriptor, &locked) == 0 else { return false }
    guard fstatat(place.base, place.name, &there, AT_SYMLINK_NOFOLLOW) == 0 else {
      return errno != ENOENT && errno != ENOTDIR
    }
    return locked.st_dev == there.st_dev && locked.st_ino == there.st_ino
  }

  /// Locks the directory once more, whose lock file was removed.
  ///
  /// - Throws: where another process has locked it meanwhile.
  public func lockAgain() throws(FileError) { try take(RunLock(directory)) }

  /// Makes the directory anew under its path, and holds and locks that from now on, for all who hold the old one.
  ///
  /// - Throws: where another directory lies there that is not empty, or one cannot be made.
  public func makeDirectoryAnew() throws(FileError) {
    let path = directory.path
    let parent = FilePlace(path.last == "/" ? String(path.dropLast()) : path).split.parent.path
    try Directories.create(parent)
    let isMine = mkdir(path, 0o777) == 0
    let code = errno
    guard isMine || code == EEXIST else { throw FileError(path: path, action: "make the directory", code: code) }
    let fresh = try HeldDirectory(path: path)
    if !isMine, try !Directories.names(in: fresh.place(".")).isEmpty {
      throw FileError(
        path: path, reason: "is another directory now, which is not empty",
        remedy: "move it away, and this run makes its own")
    }
    let lock = try RunLock(fresh)
    try directory.replace(by: fresh)
    try take(lock)
  }

  /// Its lock becomes ours.
  private func take(_ other: RunLock) throws(FileError) {
    guard dup2(other.descriptor, descriptor) >= 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
      throw FileError(path: path, action: "keep the lock", code: errno)
    }
    // Two descriptors of one lock: the kernel gives it back with the last of them, and the name stays in the file.
    other.isTakenOver = true
  }
}
