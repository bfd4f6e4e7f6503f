import Testing

@testable import Communication

/// One after the other: MPI allows one thread at a time, and jobs of four ranks take all cores.
@Suite(.serialized)
struct MPICommunicatorTests {
  @Test("MPI starts in a process that no launcher started, as one rank")
  func singleton() throws {
    #expect(MPICommunicator.libraryVersion.contains("MPI"))
    // Never closed: MPI starts once in a process, and other tests may want it.
    let communicator = try MPICommunicator()
    #expect((communicator.rank, communicator.size) == (0, 1))
    #expect((communicator.nodeRank, communicator.nodeSize) == (0, 1))
    #expect(try communicator.allGather(17) == [17])
    try communicator.verifyEqual(3, what: "constant")
    try communicator.barrier()
    let block = try communicator.makeReducibleBlock(floatCount: 100)
    block.floats[99] = 4
    try block.allReduceSum()
    #expect(block.floats[99] == 4)
    // A call that MPI refuses: a handle that is none.
    let error = #expect(throws: CommunicationError.self) {
      try communicator.check(8, "MPI_Ibcast")
    }
    #expect(error?.description.hasPrefix("rank 0: MPI_Ibcast failed: MPI_ERR_ROOT") == true)
  }

  @Test("every collective is right under mpirun, sums in shared memory in rank order", .underMPI, arguments: 1...4)
  func check(ranks: Int) throws {
    let run = try MPIRun(ranks: ranks, "check")
    #expect(run.status == 0)
    #expect(run.output == "all right: \(ranks) ranks, MPICommunicator, []")
  }

  @Test("every collective is right under mpirun when MPI does the sums", .underMPI, arguments: [2, 3])
  func checkLibrary(ranks: Int) throws {
    let run = try MPIRun(ranks: ranks, "check", "library")
    #expect(run.status == 0)
    #expect(run.output == "all right: \(ranks) ranks, MPICommunicator, []")
  }

  @Test(
    "blocks are summed bucket by bucket over nodes of equal and of different sizes", .underMPI,
    arguments: [(2, 2), (4, 4), (2, 1), (3, 1), (4, 1), (4, 2), (5, 2), (7, 3), (6, 1)])
  func buckets(ranks: Int, perNode: Int) throws {
    let run = try MPIRun(ranks: ranks, "buckets", "nodes", String(perNode))
    #expect(run.status == 0)
    #expect(run.output == "all right: \(ranks) ranks")
  }

  @Test("every collective is right over several nodes", .underMPI, arguments: [(3, 1), (4, 2)])
  func checkNodes(ranks: Int, perNode: Int) throws {
    let run = try MPIRun(ranks: ranks, "check", "nodes", String(perNode))
    #expect(run.status == 0)
    #expect(run.output == "all right: \(ranks) ranks, MPICommunicator, []")
  }

  @Test("a failure of one rank is printed once and ends all with its code", .underMPI, arguments: [2, 4])
  func failure(ranks: Int) throws {
    let run = try MPIRun(ranks: ranks, "fail")
    #expect(run.status == 42)
    #expect(run.output == "rank 1: no data on rank 1: café closed")
  }

  @Test("a rank with another value is named and ends the job", .underMPI)
  func disagreement() throws {
    let run = try MPIRun(ranks: 3, "disagree")
    #expect(run.status == 3)
    #expect(run.output.hasPrefix("the plan hash differs between ranks: rank 0 has 0x600d, rank 2 has 0xbad;"))
  }

  @Test("an abort ends the ranks that wait", .underMPI)
  func abort() throws {
    #expect(try MPIRun(ranks: 3, "abort").status == 42)
  }

  @Test("a process without launcher does not start MPI; one with a foreign launcher refuses")
  func launchers() throws {
    let alone = try MPIRun(alone: "check", adding: [:])
    #expect(alone.status == 0)
    #expect(alone.output == "all right: 1 ranks, SoloCommunicator, []")
    let foreign = try MPIRun(alone: "check", adding: ["PMI_SIZE": "4", "PMI_RANK": "0"])
    #expect(foreign.status == 3)
    #expect(foreign.output.contains("started 4 processes, but MPI"))
  }
}

/// Skips with a plain word where the tools are missing.
extension Trait where Self == ConditionTrait {
  static var underMPI: Self { .enabled(if: MPIRun.obstacle == nil, "\(MPIRun.obstacle ?? "")") }
}
