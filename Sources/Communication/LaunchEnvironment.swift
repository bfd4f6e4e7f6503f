#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the launcher says about this process, read from the environment before MPI starts (MPI_Init adds variables of its
/// own). It decides whether MPI is started at all, and catches a launcher that does not belong to the MPI the program was
/// built with: such a launch silently runs N jobs of one rank each.
public struct LaunchEnvironment: Sendable, Equatable {
  public enum Launcher: Sendable, Equatable {
    /// mpirun of Open MPI.
    case openMPI
    /// mpirun of MPICH, or another launcher that speaks PMI.
    case pmi
    /// srun, one task per rank. `connected`: by a plugin through which MPI ranks can find each other (`--mpi=pmix`).
    case slurm(connected: Bool)
  }

  /// Nil when nobody but the user started this process.
  public let launcher: Launcher?
  /// How many processes the launcher started.
  public let size: Int
  /// Which of them this is, so that one process can speak for all before MPI is up.
  public let rank: Int
  /// Whether this is the first process of its node, as far as the launcher tells: it can speak for the node.
  public let isFirstOnNode: Bool
  /// How long the start may take, as the user has set it; nil where it is not set.
  let startTimeout: String?
  /// What the user may have overlooked; nil where nothing is.
  public let note: String?

  /// - Parameter variable: the value of an environment variable, nil if it is not set.
  public init(variable: (String) -> String?) {
    func number(_ name: String) -> Int? { variable(name).flatMap { Int($0) } }
    // mpirun inside a Slurm job leaves Slurm's variables, and those of the step that started its daemons, in the ranks'
    // environment: its own come first.
    if let size = number("OMPI_COMM_WORLD_SIZE") {
      (launcher, self.size, rank) = (.openMPI, size, number("OMPI_COMM_WORLD_RANK") ?? 0)
    } else if let size = number("PMI_SIZE") {
      (launcher, self.size, rank) = (.pmi, size, number("PMI_RANK") ?? 0)
    } else if let size = Self.slurmTasks(number), size > 1 {
      let connected = ["PMIX_RANK", "PMI_RANK", "PMI_FD"].contains { variable($0) != nil }
      (launcher, self.size, rank) = (.slurm(connected: connected), size, number("SLURM_PROCID") ?? 0)
    } else {
      (launcher, size, rank) = (nil, 1, 0)
    }
    let nodeRanks = ["OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"].compactMap { number($0) }
    isFirstOnNode = (nodeRanks.first ?? rank) == 0
    startTimeout = variable(StartDeadline.variable).flatMap { $0.isEmpty ? nil : $0 }
    note = launcher == nil ? Self.noteOnAllocation(variable) : nil
  }

  /// That a process started by nobody has an allocation for more of its kind around it.
  private static func noteOnAllocation(_ variable: (String) -> String?) -> String? {
    func number(_ name: String) -> Int? { variable(name).flatMap { Int($0) } }
    // run.sh -n 1 is one process by intent, and so is a step of one task.
    guard variable("LOCKSTEP_ALONE") == nil, variable("SLURM_JOB_ID") != nil || number("SLURM_NTASKS") != nil,
      slurmTasks(number) == nil
    else { return nil }
    let names = ["SLURM_NTASKS", "SLURM_NPROCS", "SLURM_JOB_NUM_NODES", "SLURM_NNODES"]
    let counts = names.compactMap { number($0) }
    guard let tasks = counts.first, tasks > 1 else { return nil }
    return "inside a Slurm allocation of \(tasks) tasks, but this is one process: start all of them with "
      + "`srun --mpi=pmix …` or `cluster/run.sh -n \(tasks) -- …`"
  }

  /// The environment of this process.
  public static var current: LaunchEnvironment {
    LaunchEnvironment { name in getenv(name).map { String(cString: $0) } }
  }

  /// How many tasks the srun step has of which this process is one; nil outside of steps.
  ///
  /// SLURM_NTASKS alone says nothing: it is also set in batch scripts and in shells of salloc, where the program may well
  /// be meant to run alone. Those have no step number, or one of the reserved ones (from 0xfffffff0).
  private static func slurmTasks(_ number: (String) -> Int?) -> Int? {
    guard let step = number("SLURM_STEP_ID") ?? number("SLURM_STEPID"), step < 0xffff_fff0 else { return nil }
    return number("SLURM_STEP_NUM_TASKS") ?? number("SLURM_NTASKS")
  }

  /// Whether MPI must be started: a lone process does without.
  public var needsMPI: Bool { launcher != nil }

  /// What is wrong before MPI starts, with the remedy; nil if nothing is known to be.
  func problemBeforeStart(library: String) -> CommunicationError? {
    guard launcher == .slurm(connected: false), library.hasPrefix("Open MPI") else { return nil }
    return .launch(
      text: "srun started \(size) tasks without a way for them to find each other; start them with "
        + "`srun --mpi=pmix …` (or SLURM_MPI_TYPE=pmix), or with Open MPI's mpirun inside the job", rank: rank)
  }

  /// What is wrong when MPI counts `communicatorSize` ranks, with the remedy; nil if that is what was launched.
  public func problem(communicatorSize: Int, library: String) -> CommunicationError? {
    guard let launcher, size != communicatorSize else { return nil }
    let ours = "MPI (\(library)) counts \(communicatorSize)"
    return switch launcher {
    case .openMPI:
      .launch(
        text: "Open MPI's mpirun started \(size) processes, but \(ours); start the program with the mpirun of the "
          + "MPI it was built with, or build it with Open MPI", rank: rank)
    case .pmi:
      .launch(
        text: "a PMI launcher (MPICH's mpirun or mpiexec?) started \(size) processes, but \(ours); start the program "
          + "with the mpirun of the MPI it was built with", rank: rank)
    case .slurm:
      .launch(
        text: "srun started \(size) tasks, but \(ours); start them with `srun --mpi=pmix …` (`srun --mpi=list` shows "
          + "what there is), or with mpirun inside the job", rank: rank)
    }
  }
}
