#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The files behind Open MPI's shared-memory transport: 4 MB a rank, which stay in /dev/shm when ranks are killed.
///
/// A mapping outlives its name. So the names go as soon as every rank of the node has mapped all of them, and what a killed
/// job leaves the kernel frees with its last process. Open MPI removes its own file once more when it ends, and complains when
/// there is none: an empty one is put there just before.
struct TransportSegments: Equatable {
  /// That of each rank of the node, in rank order; empty when they are not what we know.
  private(set) var paths: [String] = []

  /// What this process has mapped, if it is one file for each of `count` ranks of a node.
  static func mapped(count: Int) -> TransportSegments {
    var segments = TransportSegments(maps: ProcessMaps.text(), count: count)
    if !segments.paths.allSatisfy(isOwn) { segments.paths = [] }
    return segments
  }

  /// - Parameter maps: as in /proc/self/maps. The names are `vader_segment.HOST.USER.JOB.RANK`, the rank that on the node.
  init(maps: String, count: Int) {
    var found = [String?](repeating: nil, count: count)
    for line in maps.split(separator: "\n") {
      guard let start = line.firstIndex(of: "/"), let name = line[start...].split(separator: "/").last else { continue }
      let words = name.split(separator: ".")
      guard words.count >= 5, words[0] == "vader_segment", let rank = Int(words[words.count - 1]) else { continue }
      let path = String(line[start...])
      guard found.indices.contains(rank), (found[rank] ?? path) == path else { return }
      found[rank] = path
    }
    if !found.contains(nil) { paths = found.compactMap { $0 } }
  }

  var isEmpty: Bool { paths.isEmpty }

  /// Removes the name of `rank`'s file; others do it with theirs. All ranks of the node must have mapped it.
  func remove(rank: Int) {
    guard paths.indices.contains(rank) else { return }
    _ = unlink(paths[rank])
  }

  /// Before MPI ends: a file of that name again, for it to remove.
  func restore(rank: Int) {
    guard paths.indices.contains(rank) else { return }
    let file = open(paths[rank], O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, 0o600)
    if file >= 0 { close(file) }
  }

  /// A regular file of this user, no link.
  private static func isOwn(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_uid == geteuid()
  }
}

/// What this process has mapped.
enum ProcessMaps {
  /// /proc/self/maps; empty where the system has no such file.
  static func text() -> String {
    let file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var bytes: [UInt8] = []
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1 << 16) { buffer in
      while true {
        let count = read(file, buffer.baseAddress, buffer.count)
        guard count > 0 else { return }
        bytes.append(contentsOf: buffer[..<count])
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
