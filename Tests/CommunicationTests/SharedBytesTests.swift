import Testing

@testable import Communication

@Suite(.serialized)
struct SharedBytesTests {
  @Test("ranks of a node see one memory, which its first rank has filled", .underMPI, arguments: 1...4)
  func shared(ranks: Int) throws {
    let run = try MPIRun(ranks: ranks, "sharing")
    #expect(run.status == 0)
    #expect(run.output == "all right: \(ranks) ranks")
  }

  @Test("each node has its own, nodes of different sizes too", .underMPI, arguments: [(4, 2), (3, 2), (2, 1)])
  func nodes(ranks: Int, perNode: Int) throws {
    let run = try MPIRun(ranks: ranks, "sharing", "nodes", String(perNode))
    #expect(run.status == 0)
    #expect(run.output == "all right: \(ranks) ranks")
  }

  @Test("where memory is not to be shared each rank has a copy", .underMPI, arguments: [(3, 3), (3, 2)])
  func copies(ranks: Int, perNode: Int) throws {
    let run = try MPIRun(ranks: ranks, "sharing", "library", "nodes", String(perNode))
    #expect(run.status == 0)
    #expect(run.output == "all right: \(ranks) ranks")
  }

  @Test("ranks that are threads, and a process alone, have what the first one made")
  func withoutMPI() throws {
    let found = try InProcessCommunicator.run(ranks: 3) { communicator in
      let bytes = try communicator.makeSharedBytes(byteCount: communicator.rank == 0 ? 5 : 0) {
        $0.copyBytes(from: [1, 2, 3, 4, 5])
      }
      return (Array(UnsafeRawBufferPointer(start: bytes.memory.address, count: bytes.memory.byteCount)), bytes.isShared)
    }
    #expect(found.allSatisfy { $0.0 == [1, 2, 3, 4, 5] && !$0.1 })
    let alone = try SoloCommunicator().makeSharedBytes(byteCount: 1) { $0[0] = 9 }
    #expect(alone.isShared && alone.memory.address.load(as: UInt8.self) == 9)
  }
}
