import Clocks
import Communication
import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whether runs can write into a directory, and who else sees it. What it makes there it removes.
struct OutputProbe {
  private static let tokenName = "token"
  private static let lookSeconds = 1.0

  let communicator: any Communicator

  /// Collective. `path` is rank 0's; a directory that does not exist stands for the nearest one above it that does.
  func examine(_ path: String) throws(CommunicationError) -> OutputFacts {
    var facts = OutputFacts()
    var probe = ""
    var lock: RunLock?
    if communicator.rank == 0 {
      facts.path = Self.nearestDirectory(path)
      facts.readFileSystem()
      do throws(FileError) {
        probe = try Self.makeProbe(in: facts.path)
        (facts.writeSeconds, lock) = try Self.write(in: probe)
        facts.hasLocks = lock?.isEnforced ?? false
      } catch {
        (facts.failure, facts.remedy) = (error.reason, error.remedy)
      }
    }
    let shared = try announce(facts.failure.isEmpty ? probe : "")
    if communicator.rank != 0, communicator.nodeRank == 0, !shared.isEmpty {
      facts.seesToken = Self.wait(for: "\(shared)/\(Self.tokenName)")
      facts.isKeptOut = facts.seesToken && Self.isLocked(shared)
    }
    try communicator.barrier()
    lock = nil
    if communicator.rank == 0, !probe.isEmpty { Self.remove(probe) }
    return facts
  }

  private func announce(_ path: String) throws(CommunicationError) -> String {
    let bytes = Array(path.utf8)
    let count = try communicator.maximum(of: Int64(bytes.count))
    guard count > 0 else { return "" }
    let padded = communicator.rank == 0 ? bytes : [UInt8](repeating: 0, count: Int(count))
    return String(decoding: try communicator.broadcast(padded, from: 0), as: UTF8.self)
  }

  static func nearestDirectory(_ path: String) -> String {
    var path = path.hasPrefix("/") ? path : SystemText.workingDirectory + "/" + path
    while path.count > 1, !Directories.exists(path) {
      let parent = path.lastIndex(of: "/").map { path[..<$0] } ?? ""
      path = parent.isEmpty ? "/" : String(parent)
    }
    return SystemText.real(path)
  }

  private static func makeProbe(in directory: String) throws(FileError) -> String {
    let path = "\(directory)/.lockstep-doctor-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    guard mkdir(path, 0o777) == 0 else { throw FileError(path: directory, action: "write there", code: errno) }
    return path
  }

  /// Replaces a file three times as checkpoints are written.
  private static func write(in probe: String) throws(FileError) -> (seconds: Double, lock: RunLock) {
    let megabyte = [UInt8](repeating: 7, count: 1 << 20)
    var seconds: [Double] = []
    for _ in 0..<3 {
      let start = SystemClock.monotonic.seconds
      try AtomicFile.write(to: "\(probe)/\(tokenName)") { writer throws(FileError) in try writer.write(megabyte) }
      seconds.append(SystemClock.monotonic.seconds - start)
    }
    var status = stat()
    let isWhole = stat("\(probe)/\(tokenName)", &status) == 0 && Int(status.st_size) == megabyte.count
    guard isWhole, try Directories.names(in: probe) == [tokenName] else {
      throw FileError(
        path: probe, reason: "a renamed file is not what was written", remedy: "name a directory on another file system"
      )
    }
    return (seconds.sorted()[1], try RunLock(directory: probe))
  }

  private static func wait(for path: String) -> Bool {
    let end = SystemClock.monotonic.seconds + lookSeconds
    while !Directories.exists(path) {
      guard SystemClock.monotonic.seconds < end else { return false }
      _ = usleep(50_000)
    }
    return true
  }

  private static func isLocked(_ probe: String) -> Bool {
    do throws(FileError) {
      let lock = try RunLock(directory: probe)
      return !lock.isEnforced
    } catch {
      return true
    }
  }

  /// What is left behind is a hidden directory of a megabyte: no reason to fail.
  private static func remove(_ probe: String) {
    for name in [tokenName, RunLock.fileName] { _ = unlink("\(probe)/\(name)") }
    _ = rmdir(probe)
  }
}

extension OutputFacts {
  mutating func readFileSystem() {
    fileSystem = Self.fileSystem(of: path, in: SystemText.lines(of: "/proc/self/mountinfo") ?? [])
    var status = statvfs()
    if statvfs(path, &status) == 0 { freeBytes = Int(status.f_bavail) * Int(status.f_frsize) }
  }

  /// The type of the last mount whose point lies above the path most closely:
  /// `36 35 98:0 /root /point options [fields…] - type source options`.
  static func fileSystem(of path: String, in mounts: [Substring]) -> String {
    var (best, found) = (-1, "")
    for mount in mounts {
      let words = mount.split(separator: " ")
      guard let dash = words.firstIndex(of: "-"), words.count > dash + 1, words.count > 4 else { continue }
      let point = words[4] == "/" ? "" : String(words[4])
      if (path == point || path.hasPrefix(point + "/")) && point.count >= best {
        (best, found) = (point.count, String(words[dash + 1]))
      }
    }
    return found
  }
}
