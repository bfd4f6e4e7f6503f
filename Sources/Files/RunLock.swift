#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The right to write into a directory, held by one process at a time through `DIR/.lock`.
///
/// `flock`: the kernel gives it back when the process ends in whatever way, `kill -9` included, it does not vanish when
/// some other descriptor of the file is closed (as `fcntl`'s does), and on NFS Linux turns it into a lock at the server,
/// which other hosts see; that wants the file open for writing. When a whole host dies, an NFS 4 server gives its locks
/// back after the lease (90 s as a rule).
///
/// The file stays when the lock goes: removing it would let two processes lock two files of the same name. The directory
/// is held open: what is locked and what is written into stay the same, whatever becomes of the path.
public final class RunLock {
  public static let fileName = ".lock"
  public let path: String
  /// False on a file system without locks: then nothing keeps another run out, and the caller should say so.
  public let isEnforced: Bool
  /// The directory that is locked.
  public let directory: HeldDirectory
  /// The same number as long as this lives.
  let descriptor: Int32
  /// Another one holds the same lock.
  var isTakenOver = false

  /// Takes the lock.
  ///
  /// - Parameters:
  ///   - directory: it must exist.
  ///   - waitSeconds: how long to wait for a holder that is about to end, as after a crash of the run before.
  /// - Throws: when another process has the lock, naming host, process and since when; when the file cannot be made.
  public convenience init(directory: String, waitSeconds: Double = 0) throws(FileError) {
    let held: HeldDirectory
    do throws(FileError) { held = try HeldDirectory(path: directory) } catch {
      throw FileError(path: "\(directory)/\(Self.fileName)", action: "open the lock", code: error.code ?? EIO)
    }
    try self.init(held, waitSeconds: waitSeconds)
  }

  public init(_ directory: HeldDirectory, waitSeconds: Double = 0) throws(FileError) {
    let place = directory.place(Self.fileName)
    (self.directory, path) = (directory, place.path)
    // Programs that we start must not keep the lock when we are gone.
    let descriptor = try KeptFile.openShared(place)
    let pauseSeconds = 0.05
    var leftSeconds = waitSeconds
    var code = Self.tryLock(descriptor)
    while code == EWOULDBLOCK && leftSeconds > 0 {
      // Woken early by a signal: then it asks once more, no harm.
      _ = usleep(UInt32(pauseSeconds * 1e6))
      leftSeconds -= pauseSeconds
      code = Self.tryLock(descriptor)
    }
    do throws(FileError) {
      switch code {
      case 0:
        isEnforced = true
        try Self.enter(Holder.current.text, in: descriptor, path: path)
      case ENOSYS, ENOLCK, EOPNOTSUPP: isEnforced = false
      case EWOULDBLOCK:
        let holder = Holder.read(from: descriptor).map { " by \($0)" } ?? ""
        throw FileError(
          path: directory.path, reason: "is in use\(holder)",
          remedy: "wait for that run, stop it, or name another directory"
        )
      default: throw FileError(path: path, action: "lock", code: code)
      }
    } catch {
      _ = close(descriptor)
      throw error
    }
    self.descriptor = descriptor
  }

  deinit {
    // An empty file tells that nobody is here; closing gives the lock back, whatever these two return.
    if isEnforced, !isTakenOver, Holder.isWritten(in: descriptor) { _ = ftruncate(descriptor, 0) }
    _ = close(descriptor)
  }

  /// 0 or the `errno`.
  private static func tryLock(_ descriptor: Int32) -> Int32 {
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      if errno != EINTR { return errno }
    }
    return 0
  }

  /// Says who holds the lock. A full disk is no reason to refuse a run that has it: then the holder stays unnamed.
  private static func enter(_ text: String, in descriptor: Int32, path: String) throws(FileError) {
    let bytes = Array(text.utf8)
    guard Holder.isWritten(in: descriptor) else {
      throw FileError(path: path, reason: "is no lock of a run", remedy: "move it away, or name another directory")
    }
    guard ftruncate(descriptor, 0) == 0 else { throw FileError(path: path, action: "write", code: errno) }
    let count = pwrite(descriptor, bytes, bytes.count, 0)
    let code = errno
    guard count >= 0 || code == ENOSPC || code == EDQUOT else {
      throw FileError(path: path, action: "write", code: code)
    }
  }
}

/// Who holds a lock, as its file says.
struct Holder: CustomStringConvertible {
  let host: String
  let process: Int32
  let since: String

  var text: String { "host: \(host)\npid: \(process)\nsince: \(since)\n" }
  var description: String { "process \(process) on \(host) since \(since)" }

  static var current: Holder {
    var name = [CChar](repeating: 0, count: 256)
    let host = gethostname(&name, name.count - 1) == 0 ? text(name) : "?"
    var seconds = time(nil)
    var calendar = tm()
    var date = [CChar](repeating: 0, count: 64)
    let isKnown =
      gmtime_r(&seconds, &calendar) != nil && strftime(&date, date.count, "%Y-%m-%d %H:%M:%S UTC", &calendar) > 0
    return Holder(host: host, process: getpid(), since: isKnown ? text(date) : "?")
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Whether the file holds what a holder writes, or nothing: any other is not to be cut.
  static func isWritten(in descriptor: Int32) -> Bool {
    let start = Array("host: ".utf8)
    var bytes = [UInt8](repeating: 0, count: start.count)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    // A full disk may have taken a part of it.
    return count <= 0 || start.starts(with: bytes[..<count])
  }

  /// nil when the file does not (yet) say.
  static func read(from descriptor: Int32) -> Holder? {
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    var fields: [Substring: String] = [:]
    for line in String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[line[..<colon]] = String(line[line.index(after: colon)...].drop { $0 == " " })
    }
    guard let host = fields["host"], let process = fields["pid"].flatMap({ Int32($0) }), let since = fields["since"]
    else { return nil }
    return Holder(host: host, process: process, since: since)
  }
}
