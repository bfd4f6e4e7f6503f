import ArgumentParser
import Communication
import Kernels
import Logging

/// How many threads share a process's work, and where they stay.
struct ThreadOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Threads that share a process's work, on cores of their own. One process per core (see cluster/run.sh) is the "
        + "faster way where memory allows.",
      valueName: "T"))
  var threads = 1

  @Flag(inversion: .prefixedNo, help: "Keep each of several threads on a core of its own, where there are enough.")
  var pin = true

  func validate() throws {
    guard threads >= 1 else { throw ValidationError("--threads \(threads): must be at least 1") }
    guard threads <= Self.most else { throw ValidationError("--threads \(threads): must be at most \(Self.most)") }
  }

  /// More than any machine has cores; a typing error must not start a million threads.
  private static let most = 1024
}

/// The threads of this process, and what to say about them once the run can start.
struct Crew {
  let team: ThreadTeam
  private let warning: String?

  /// Agreed by all ranks.
  init(_ options: ThreadOptions, _ communicator: any Communicator) throws {
    let allowed = ThreadPlacement.allowedCPUs
    let placement = ThreadPlacement(
      seats: try communicator.allGather(ThreadPlacement.seat(allowed: allowed)), rank: communicator.rank,
      allowed: allowed, threads: options.threads)
    warning = placement.warning
    team = try communicator.together {
      try ThreadTeam(
        count: options.threads, cpus: options.pin ? placement.cpus : [], sharesCores: placement.sharesCores)
    }
  }

  func warn(_ logger: Logger) {
    if let warning { logger.warning("\(warning)") }
  }
}
