#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A team that the system does not let start.
public struct ThreadTeamError: Error, CustomStringConvertible {
  public let count: Int
  public let cpus: [Int]
  /// As errno has it.
  public let code: Int32
  /// Where threads could start, but not multiply.
  public let shortage: WorkMemoryError?

  init(count: Int, cpus: [Int], code: Int32, shortage: WorkMemoryError? = nil) {
    (self.count, self.cpus, self.code, self.shortage) = (count, cpus, code, shortage)
  }

  /// The system has no more threads or memory to give.
  public var isShortage: Bool { code == EAGAIN || code == ENOMEM }

  public var description: String {
    let place = cpus.isEmpty ? "" : " on CPUs " + cpus.map(String.init).joined(separator: ", ")
    let remedy = cpus.isEmpty ? "use fewer" : "use fewer, or --no-pin"
    if let shortage { return "cannot start a team of \(count) threads: \(shortage), or \(remedy)" }
    return "cannot start a team of \(count) threads\(place): \(String(cString: strerror(code))); \(remedy)"
  }
}
