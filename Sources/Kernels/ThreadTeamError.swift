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

  public var description: String {
    let place = cpus.isEmpty ? "" : " on CPUs " + cpus.map(String.init).joined(separator: ", ")
    let remedy = cpus.isEmpty ? "use fewer" : "use fewer, or --no-pin"
    return "cannot start a team of \(count) threads\(place): \(String(cString: strerror(code))); \(remedy)"
  }
}
