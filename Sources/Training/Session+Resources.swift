import Communication
import Kernels
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

// What a process needs before its ranks can even talk to each other.
extension Session {
  /// What MPI maps of its own while it starts, at the least (Open MPI 4.1: 167 MB on one node). Without it, MPI ends the
  /// process in words of its own.
  private static let bytesOfMPI = 128 << 20
  /// Kernels and decoders keep up to half a megabyte there.
  private static let stackBytes = 1 << 20

  /// Ends the process where the system's limits leave it no room. They may differ between nodes: one rank of each tells,
  /// unless the launcher has ended it after the first.
  static func requireResources(multiplies: Bool, _ console: Console) {
    let launch = LaunchEnvironment.current
    guard let problem = resourceProblem(launch, multiplies: multiplies) else { return }
    // Others of the node have the same to say.
    if launch.rank > 0 { usleep(1_000_000) }
    let speaker = launch.needsMPI ? "rank \(launch.rank): " : ""
    let failure = Failure(speaker + problem, code: .operatingSystem)
    if launch.rank == 0 || launch.isFirstOnNode { console.say(failure) }
    console.finish()
    _exit(failure.code.rawValue)
  }

  private static func resourceProblem(_ launch: LaunchEnvironment, multiplies: Bool) -> String? {
    let stack = AddressSpace.stackLimit
    if multiplies, stack < stackBytes {
      return "the stack is limited to \(stack >> 10) kB (ulimit -s): raise it to \(stackBytes >> 10) kB or more"
    }
    let needed = bytesOfMPI + (multiplies ? WorkMemory.bytesPerCaller : 0)
    guard launch.needsMPI, !AddressSpace.canMap(needed) else { return nil }
    return "cannot get \(needed >> 20) MB of memory for MPI and OpenBLAS; " + AddressSpace.remedy(lacking: needed)
  }
}
