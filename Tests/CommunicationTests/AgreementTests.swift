import Testing

@testable import Communication

struct AgreementTests {
  @Test("every rank learns the lowest failing rank, its words and its exit code", arguments: 1...4)
  func failures(ranks: Int) throws {
    for failing in 0..<ranks {
      let results = try InProcessCommunicator.run(ranks: ranks) { communicator in
        let fails = communicator.rank >= failing
        return try communicator.firstFailure(
          fails ? "disk full on rank \(communicator.rank): ünlesbar" : nil, exitCode: Int32(70 + communicator.rank))
      }
      let expected = RankFailure(
        rank: failing, message: "disk full on rank \(failing): ünlesbar", exitCode: Int32(70 + failing))
      #expect(results == Array(repeating: expected, count: ranks))
    }
  }

  @Test("no failure is nil everywhere, an empty message is a failure")
  func noFailure() throws {
    #expect(try InProcessCommunicator.run(ranks: 3) { try $0.firstFailure(nil) } == [nil, nil, nil])
    let empty = try InProcessCommunicator.run(ranks: 2) { try $0.firstFailure($0.rank == 1 ? "" : nil) }
    #expect(empty == Array(repeating: RankFailure(rank: 1, message: "", exitCode: 1), count: 2))
  }

  @Test(
    "equal values pass, whatever their sign bit",
    arguments: [0, 1, UInt64.max, 1 << 63, (1 << 63) - 1] as [UInt64])
  func equal(value: UInt64) throws {
    _ = try InProcessCommunicator.run(ranks: 3) { try $0.verifyEqual(value, what: "digest") }
  }

  @Test(
    "a different value is an error on all ranks that names who differs",
    arguments: [(0, 1), (0, 1 << 63), (UInt64.max, 0), ((1 << 63) - 1, 1 << 63)] as [(UInt64, UInt64)])
  func different(usual: UInt64, odd: UInt64) throws {
    let errors = try InProcessCommunicator.run(ranks: 4) { communicator -> CommunicationError? in
      do {
        try communicator.verifyEqual(communicator.rank == 2 ? odd : usual, what: "the plan hash")
        return nil
      } catch let error as CommunicationError { return error }
    }
    for (rank, error) in errors.enumerated() {
      #expect(error?.rank == rank)
      let (first, second) = (String(usual, radix: 16), String(odd, radix: 16))
      #expect(
        error?.description.hasPrefix(
          "the plan hash differs between ranks: rank 0 has 0x\(first), rank 2 has 0x\(second);") == true)
    }
  }

  @Test("ranks that others speak for are not asked")
  func spokenFor() throws {
    let errors = try InProcessCommunicator.run(ranks: 4) { communicator -> CommunicationError? in
      let value: UInt64? = communicator.rank % 2 == 0 ? 7 : nil
      try communicator.verifyEqual(value, what: "the program")
      do {
        try communicator.verifyEqual(communicator.rank == 2 ? 1 << 63 : value, what: "the program")
        return nil
      } catch let error as CommunicationError { return error }
    }
    let words = "the program differs between ranks: rank 0 has 0x7, rank 2 has 0x8000000000000000;"
    #expect(errors.allSatisfy { $0?.description.hasPrefix(words) == true && $0?.isShared == true })
  }

  @Test("a process alone agrees with itself")
  func solo() throws {
    let solo = SoloCommunicator()
    #expect(try solo.firstFailure(nil) == nil)
    #expect(try solo.firstFailure("broken", exitCode: 9) == RankFailure(rank: 0, message: "broken", exitCode: 9))
    try solo.verifyEqual(12, what: "digest")
    #expect(try solo.allGather(5) == [5])
    let block = try solo.makeReducibleBlock(floatCount: 10)
    block.floats[9] = 2.5
    try block.allReduceSum()
    #expect(block.floats[9] == 2.5 && block.floats.count == 10)
  }
}
