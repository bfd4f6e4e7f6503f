/// Makes the communicator that fits how the program was started.
public enum Communicators {
  /// A process that no launcher started gets a communicator of one, without MPI; every other one starts MPI and compares
  /// the number of ranks with what the launcher said.
  ///
  /// - Throws: `.launch` when launcher and MPI do not belong together; its `rank` is the launcher's, so that the process
  ///   with rank 0 can print it for all. `.mpi` when MPI does not start.
  public static func make(
    environment: LaunchEnvironment = .current, reduction: GradientReduction = .automatic
  ) throws(CommunicationError) -> any Communicator {
    guard environment.needsMPI else { return SoloCommunicator() }
    let library = MPICommunicator.libraryVersion
    if let problem = environment.problemBeforeStart(library: library) { throw problem }
    let communicator = try MPICommunicator(reduction: reduction)
    if let problem = environment.problem(communicatorSize: communicator.size, library: library) {
      try communicator.close()
      throw problem
    }
    return communicator
  }
}
