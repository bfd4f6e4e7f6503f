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

  @Test("the end waits for sums that nobody has finished", .underMPI, arguments: [(2, 1), (3, 1), (4, 2)])
  func unfinished(ranks: Int, perNode: Int) throws {
    let run = try MPIRun(ranks: ranks, "unfinished", "nodes", String(perNode))
    #expect(run.status == 0)
    #expect(run.output == "all right: \(ranks) ranks")
  }

  @Test(
    "a sum between nodes takes the messages and bytes of halving and doubling", .underMPI,
    arguments: [
      (2, "1000: 1 1000, 65536: 2 65536, 65540: 2 65540, 1000000: 17 1000000"),
      // A rank hands everything to another and gets the sum back.
      (3, "1000: 2 2000, 65536: 4 131072, 65540: 4 131080, 1000000: 34 2000000"),
      // Short ones go whole, twice; long ones in halves and quarters, there and back.
      (4, "1000: 2 2000, 65536: 4 131072, 65540: 4 98312, 1000000: 28 1500032"),
    ])
  func traffic(ranks: Int, expected: String) throws {
    let run = try MPIRun(ranks: ranks, "traffic", "nodes", "1")
    #expect(run.status == 0)
    #expect(run.output == expected)
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
