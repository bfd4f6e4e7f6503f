import CMPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Makes the communicator that fits how the program was started.
public enum Communicators {
  /// A process that no launcher started gets a communicator of one, without MPI; every other one starts MPI and compares
  /// the number of ranks with what the launcher said.
  ///
  /// - Parameter identity: what is compared of the ranks, before anything else; nil: nothing.
  /// - Throws: `.launch` when launcher and MPI do not belong together, or ranks were started differently; its `rank` is the
  ///   launcher's, so that the process with rank 0 can print it for all. `.mpi` when MPI does not start.
  public static func make(
    environment: LaunchEnvironment = .current, reduction: GradientReduction = .automatic,
    comparing identity: LaunchIdentity? = nil
  ) throws(CommunicationError) -> any Communicator {
    guard environment.needsMPI else { return SoloCommunicator() }
    let library = MPICommunicator.libraryVersion
    if let problem = environment.problemBeforeStart(library: library) { throw problem }
    let limits = try StartDeadline.limits(environment)
    let deadline = StartDeadline(rank: environment.rank, seconds: limits.start)
    defer { deadline.stop() }
    try deadline.begin(.library)
    let started = try MPICommunicator.startMPI()
    if let identity {
      deadline.stop()
      if let difference = try LaunchCheck(identity, seconds: limits.answer).run() {
        try deadline.begin(.communicators)
        if started { try MPICommunicator.endMPI() }
        throw difference
      }
    }
    try deadline.begin(.communicators)
    let communicator = try MPICommunicator(started: started, reduction: reduction)
    if let problem = environment.problem(communicatorSize: communicator.size, library: library) {
      try communicator.close()
      throw problem
    }
    return communicator
  }

  /// Ends every rank with `exitCode`, as far as MPI is up; this one in any case. For failures of `make`.
  public static func end(exitCode: Int32) -> Never {
    var (isUp, hasEnded) = (false, false)
    if cmpi_state(&isUp, &hasEnded) == 0, isUp, !hasEnded { _ = cmpi_abort(exitCode) }
    exit(exitCode)
  }
}
