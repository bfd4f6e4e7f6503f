#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The space for memory shared by the ranks of a node. A window is made without reserving its pages, so one that does not
/// fit would end the program at some later write: ask first. Containers often have 64 MB only.
package enum SharedMemorySpace {
  static let directory = "/dev/shm"

  /// Kept free for MPI's own buffers, which grow as they are used (Open MPI's shared-memory transport: 4 MB a rank).
  static let reservePerRank = 4 << 20

  private static let consequence = "gradients are summed by messages instead of in shared memory, which is slower"

  /// Free bytes where MPI puts shared memory; nil if that cannot be told.
  package static func freeBytes() -> Int? {
    var status = statvfs()
    guard statvfs(directory, &status) == 0 else { return nil }
    return Int(status.f_bavail) * Int(status.f_frsize)
  }

  /// One line when a window of `byteCount` bytes for `ranks` ranks does not fit into `free` bytes; nil when it does.
  static func problem(byteCount: Int, ranks: Int, free: Int?) -> String? {
    let needed = byteCount + ranks * reservePerRank
    guard let free else {
      return "\(directory): its free space cannot be told; \(consequence)"
    }
    guard free < needed else { return nil }
    let megabytes = (needed + (1 << 20) - 1) >> 20
    return "\(directory): \(free >> 20) MB free of the \(megabytes) MB needed; \(consequence) (containers: --shm-size)"
  }
}
