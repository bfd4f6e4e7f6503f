import CMPI
import Communication

extension LaunchFacts {
  static func read(communicator: any Communicator) -> LaunchFacts {
    var facts = LaunchFacts()
    facts.library = MPICommunicator.libraryVersion
    facts.builtFor = String(cString: cmpi_built_for())
    switch LaunchEnvironment.current.launcher {
    case nil: facts.launcher = ""
    case .openMPI: facts.launcher = "Open MPI's mpirun"
    case .pmi: facts.launcher = "a PMI launcher (MPICH's mpirun)"
    case .slurm: facts.launcher = "srun"
    }
    facts.slots = SystemText.variable("OMPI_UNIVERSE_SIZE").flatMap { Int($0) } ?? -1
    if communicator.size > 1 { facts.yields = MPISetting.value("mpi_yield_when_idle").flatMap { Int($0) } ?? -1 }
    facts.readScheduler(SystemText.variable)
    return facts
  }

  /// From the variables that schedulers set in their jobs.
  mutating func readScheduler(_ variable: (String) -> String?) {
    let schedulers = [
      ("Slurm", "SLURM_JOB_ID", "SLURM_JOB_NUM_NODES"), ("PBS", "PBS_JOBID", "PBS_NUM_NODES"),
      ("LSF", "LSB_JOBID", ""), ("OAR", "OAR_JOB_ID", ""),
    ]
    for (name, job, nodes) in schedulers {
      guard let number = variable(job), !number.isEmpty else { continue }
      (scheduler, self.job) = (name, number)
      allocatedNodes = variable(nodes).flatMap { Int($0) } ?? -1
      return
    }
    // Others set JOB_ID, too.
    if let number = variable("JOB_ID"), variable("SGE_ROOT") != nil || variable("PE_HOSTFILE") != nil {
      (scheduler, job) = ("Grid Engine", number)
      allocatedNodes = variable("NHOSTS").flatMap { Int($0) } ?? -1
    }
  }
}

/// Control variables of the MPI library, as they are in use.
enum MPISetting {
  /// - Precondition: MPI was started.
  static func value(_ name: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      var isFound = false
      guard let start = buffer.baseAddress, cmpi_setting(name, start, buffer.count, &isFound) == 0, isFound
      else { return nil }
      return String(cString: start)
    }
  }
}
