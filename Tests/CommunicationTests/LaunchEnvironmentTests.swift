import Testing

@testable import Communication

struct LaunchEnvironmentTests {
  private func launched(_ variables: [String: String]) -> LaunchEnvironment {
    LaunchEnvironment { variables[$0] }
  }

  @Test("a process that nobody launched runs alone and without MPI")
  func alone() throws {
    let environment = launched(["HOME": "/home/a"])
    #expect(!environment.needsMPI)
    #expect(environment.problem(communicatorSize: 1, library: "Open MPI v4.1.4") == nil)
    #expect(try Communicators.make(environment: environment) is SoloCommunicator)
  }

  @Test(
    "shells and batch scripts of a Slurm job are no launch",
    arguments: [
      ["SLURM_JOB_ID": "7", "SLURM_NTASKS": "8", "SLURM_PROCID": "0"],
      ["SLURM_JOB_ID": "7", "SLURM_NTASKS": "8", "SLURM_STEP_ID": "4294967290", "SLURM_STEP_NUM_TASKS": "8"],
      ["SLURM_JOB_ID": "7", "SLURM_NTASKS": "8", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "1"],
      ["SLURM_STEP_ID": "zero", "SLURM_NTASKS": "8"],
    ])
  func slurmShells(variables: [String: String]) {
    let environment = launched(variables)
    #expect(environment.launcher == nil && (environment.size, environment.rank) == (1, 0))
  }

  @Test(
    "one process in an allocation of several tasks is told how to start all",
    arguments: [
      (["SLURM_JOB_ID": "7", "SLURM_NTASKS": "8", "SLURM_PROCID": "0"], 8),
      (["SLURM_NTASKS": "3"], 3),
      (["SLURM_JOB_ID": "7", "SLURM_NTASKS": "8", "SLURM_STEP_ID": "4294967290"], 8),
      (["SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "2"], 2),
      // A step of one task, an allocation of one, run.sh -n 1, ranks of mpirun: as they are meant.
      (["SLURM_JOB_ID": "7", "SLURM_NTASKS": "8", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "1"], nil),
      (["SLURM_JOB_ID": "7", "SLURM_NTASKS": "1"], nil),
      (["SLURM_JOB_ID": "7", "SLURM_NTASKS": "8", "LOCKSTEP_ALONE": "yes"], nil),
      (["SLURM_JOB_ID": "7", "SLURM_NTASKS": "2", "OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"], nil),
      ([:], nil),
    ] as [([String: String], Int?)])
  func noteOnAllocation(variables: [String: String], tasks: Int?) {
    let note = tasks.map {
      "inside a Slurm allocation of \($0) tasks, but this is one process: start all of them with "
        + "`srun --mpi=pmix …` or `cluster/run.sh -n \($0) -- …`"
    }
    #expect(launched(variables).note == note)
  }

  @Test("one process of each node speaks for it before MPI is up")
  func firstOnNode() {
    let rank = { (node: String) in
      launched(["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_LOCAL_RANK": node])
    }
    #expect(rank("0").isFirstOnNode && !rank("1").isFirstOnNode)
    #expect(launched([:]).isFirstOnNode)
    #expect(!launched(["PMI_SIZE": "4", "PMI_RANK": "2"]).isFirstOnNode)
  }

  @Test("mpirun inside a Slurm job counts, not the job's tasks")
  func mpirunInSlurm() {
    let environment = launched([
      "SLURM_NTASKS": "8", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1",
      "OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3",
    ])
    #expect(environment.launcher == .openMPI)
    #expect((environment.size, environment.rank) == (4, 3))
    #expect(environment.problem(communicatorSize: 4, library: "Open MPI v4.1.4") == nil)
  }

  @Test("a launcher of another MPI is refused with its name, the library's and the launcher's rank")
  func wrongLauncher() throws {
    let mpich = launched(["PMI_SIZE": "4", "PMI_RANK": "2"])
    let problem = try #require(mpich.problem(communicatorSize: 1, library: "Open MPI v4.1.4"))
    #expect(problem.rank == 2)
    #expect(problem.description.contains("PMI launcher (MPICH's"))
    #expect(problem.description.contains("started 4 processes, but MPI (Open MPI v4.1.4) counts 1"))
    let openMPI = launched(["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"])
    #expect(
      try #require(openMPI.problem(communicatorSize: 1, library: "MPICH")).description.contains("Open MPI's mpirun"))
  }

  @Test("srun tasks need a plugin to find each other, and their number is compared")
  func slurmTasks() throws {
    let step = ["SLURM_STEP_ID": "3", "SLURM_NTASKS": "4", "SLURM_PROCID": "1"]
    let plain = launched(step)
    #expect(plain.launcher == .slurm(connected: false))
    #expect(plain.size == 4 && plain.rank == 1)
    let problem = try #require(plain.problemBeforeStart(library: "Open MPI v4.1.4"))
    #expect(problem.description.contains("srun --mpi=pmix"))
    let connected = launched(step.merging(["PMIX_RANK": "1"]) { $1 })
    #expect(connected.problemBeforeStart(library: "Open MPI v4.1.4") == nil)
    #expect(connected.problem(communicatorSize: 4, library: "Open MPI v4.1.4") == nil)
    #expect(connected.problem(communicatorSize: 1, library: "Open MPI v4.1.4") != nil)
  }
}
