import Testing

@testable import Communication

struct InProcessCommunicatorTests {
  /// Values whose float32 sum depends on the order of additions.
  private static func value(_ rank: Int, _ index: Int) -> Float { Float(rank * 7 + 1) * 0.1 + Float(index) * 1e-3 }

  private static func expected(ranks: Int, _ index: Int) -> Float {
    (1..<max(1, ranks)).reduce(value(0, index)) { $0 + value($1, index) }
  }

  @Test("blocks are summed in rank order, bit for bit, on every rank and again and again", arguments: 1...4)
  func blocks(ranks: Int) throws {
    let results = try InProcessCommunicator.run(ranks: ranks) { communicator in
      try [1, 17, 1000, 5003].map { count in
        let block = try communicator.makeReducibleBlock(floatCount: count)
        #expect(block.floats.allSatisfy { $0 == 0 })
        for _ in 0..<20 {
          for index in 0..<count { block.floats[index] = Self.value(communicator.rank, index) }
          try block.allReduceSum()
        }
        return Array(block.floats)
      }
    }
    for result in results {
      for values in result { #expect(values == values.indices.map { Self.expected(ranks: ranks, $0) }) }
    }
  }

  @Test("sums, maxima, broadcasts and gathers", arguments: 1...4)
  func collectives(ranks: Int) throws {
    let results = try InProcessCommunicator.run(ranks: ranks) { communicator in
      let rank = communicator.rank
      var floats = (0..<33).map { Self.value(rank, $0) }
      try floats.withUnsafeMutableBufferPointer { try communicator.allReduceSum($0) }
      #expect(floats == floats.indices.map { Self.expected(ranks: ranks, $0) })
      var doubles = [Double(rank + 1), -1]
      try doubles.withUnsafeMutableBufferPointer { try communicator.allReduceSum($0) }
      #expect(doubles == [Double(ranks * (ranks + 1) / 2), -Double(ranks)])
      #expect(try communicator.maximum(of: Int64(rank), -Int64(rank)) == (Int64(ranks - 1), 0))
      for root in 0..<ranks { #expect(try communicator.broadcast([rank, 5], from: root) == [root, 5]) }
      #expect(try communicator.allGather(Int32(rank * 3)) == (0..<ranks).map { Int32($0 * 3) })
      try communicator.barrier()
      return (communicator.rank, communicator.size, communicator.nodeRank, communicator.nodeSize)
    }
    #expect(results.map(\.0) == Array(0..<ranks))
    #expect(results.allSatisfy { $0.1 == ranks && $0.3 == ranks && $0.2 == $0.0 })
  }

  @Test("a NaN or an infinity of one rank reaches all", arguments: [2, 3])
  func notFinite(ranks: Int) throws {
    let results = try InProcessCommunicator.run(ranks: ranks) { communicator in
      let block = try communicator.makeReducibleBlock(floatCount: 100)
      if communicator.rank == ranks - 1 { (block.floats[3], block.floats[99]) = (.nan, .infinity) }
      try block.allReduceSum()
      return [block.floats[3].isNaN, block.floats[99] == .infinity, block.floats[98] == 0]
    }
    #expect(results.allSatisfy { $0 == [true, true, true] })
  }

  @Test("ranks that wait for one that failed get an error, and the failure is the one reported")
  func abandoned() throws {
    struct Refusal: Error, Equatable {}
    #expect(throws: Refusal()) {
      try InProcessCommunicator.run(ranks: 3) { communicator in
        if communicator.rank == 1 { throw Refusal() }
        try communicator.barrier()
      }
    }
    #expect(throws: CommunicationError.self) {
      try InProcessCommunicator.run(ranks: 2) { communicator in
        if communicator.rank == 0 { try communicator.barrier() }
      }
    }
  }
}
