import Clocks
import Communication

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How long a process has taken from its launch to the end of its first iteration, phase by phase.
///
/// A rank that comes to a meeting early counts its waiting in that phase.
public final class StartTimes {
  public enum Phase: Int, CaseIterable, Sendable {
    /// From the launch to `main`: the dynamic loader, and the second start for OpenBLAS.
    case program
    case mpi
    /// Recipe and checkpoint, agreed by all ranks.
    case recipe
    case data
    /// Threads, and how gradients are summed.
    case tuning
    case planning
    /// Parameters, gradients and the arena, taken and filled; a checkpoint restored.
    case memory
    case output
    /// That judges the samples, found or trained; and an evaluation that a stop came before.
    case classifier
    case firstIteration

    var words: String {
      switch self {
      case .mpi: "MPI"
      case .firstIteration: "first iteration"
      default: "\(self)"
      }
    }
  }

  /// Nanoseconds.
  private var durations = [UInt64](repeating: 0, count: Phase.allCases.count)
  private var last: UInt64
  private let now: () -> UInt64
  private var isReported = false

  /// - Parameters:
  ///   - program: nanoseconds since the launch.
  ///   - now: a clock, in nanoseconds.
  public init(
    program: UInt64 = StartTimes.sinceLaunch, now: @escaping () -> UInt64 = { SystemClock.monotonic.nanoseconds }
  ) {
    durations[Phase.program.rawValue] = program
    self.now = now
    last = now()
  }

  /// What has passed since the last mark was spent on `phase`.
  public func mark(_ phase: Phase) {
    let time = now()
    durations[phase.rawValue] += time - last
    last = time
  }

  var total: UInt64 { durations.reduce(0, +) }

  /// The end of the first iteration, on all ranks; later calls do nothing.
  ///
  /// - Returns: the line to show: this rank's phases of 5 ms or more, and the rank that took longest.
  /// - Complexity: one maximum over the ranks.
  public func endFirstIteration(on communicator: any Communicator) throws(CommunicationError) -> String? {
    guard !isReported else { return nil }
    isReported = true
    mark(.firstIteration)
    guard communicator.size > 1 else { return words }
    // The longest time, of several equal ones the lowest rank; 2²⁰ ranks and 100 days fit.
    let milliseconds = Int64((total + 500_000) / 1_000_000)
    let longest = try communicator.maximum(of: milliseconds << 20 | Int64((1 << 20) - 1 - communicator.rank))
    let rank = (1 << 20) - 1 - Int(longest & (1 << 20 - 1))
    return words + " (slowest rank \(rank): \(Self.seconds(UInt64(longest >> 20) * 1_000_000)))"
  }

  /// `start: program 0.08 s, MPI 0.31, data 0.12, first iteration 0.05; 0.56 s in all`
  var words: String {
    var parts = Phase.allCases.filter { durations[$0.rawValue] >= 5_000_000 }
      .map { "\($0.words) \(Self.seconds(durations[$0.rawValue]))" }
    if !parts.isEmpty { parts[0] += " s" }
    return "start: " + (parts.isEmpty ? "" : parts.joined(separator: ", ") + "; ") + "\(Self.seconds(total)) s in all"
  }

  /// `0.05`
  private static func seconds(_ nanoseconds: UInt64) -> String {
    let hundredths = (nanoseconds + 5_000_000) / 10_000_000
    let rest = hundredths % 100
    return "\(hundredths / 100)." + (rest < 10 ? "0" : "") + "\(rest)"
  }

  /// Nanoseconds since this process was launched, to a hundredth of a second; 0 where the system does not tell.
  public static var sinceLaunch: UInt64 {
    #if os(Linux)
      var time = timespec()
      let ticksPerSecond = sysconf(Int32(_SC_CLK_TCK))
      guard ticksPerSecond > 0, clock_gettime(CLOCK_BOOTTIME, &time) == 0 else { return 0 }
      let now = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
      let descriptor = open("/proc/self/stat", O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return 0 }
      // Reading changes nothing that a failed close could lose.
      defer { _ = close(descriptor) }
      let text = [UInt8](unsafeUninitializedCapacity: 1024) { $1 = max(0, read(descriptor, $0.baseAddress, 1024)) }
      // Behind the name in parentheses, which may hold anything, comes the third field; the launch is the 22nd.
      guard let name = text.lastIndex(of: UInt8(ascii: ")")) else { return 0 }
      let fields = text[(name + 1)...].split(separator: UInt8(ascii: " "))
      guard fields.count > 19, let ticks = UInt64(String(decoding: fields[19], as: UTF8.self)) else { return 0 }
      let launch = ticks * (1_000_000_000 / UInt64(ticksPerSecond))
      return launch < now ? now - launch : 0
    #else
      return 0
    #endif
  }
}
