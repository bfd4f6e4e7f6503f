import Testing

@testable import Communication

struct ReducibleBlockTests {
  /// Far from each other in size, so that the order of additions shows.
  private static func value(_ rank: Int, _ index: Int) -> Float {
    Float(index % 7 - 3) * (index % 31 == 0 ? 1e4 : 0.01) + Float(rank) * 0.3
  }

  @Test("the norm is that of a plain loop in double, with the same bits on every rank", arguments: 1...4)
  func norm(ranks: Int) throws {
    let counts = [1, 15, 63, 64, 65, 1000, 75_001]
    let results = try InProcessCommunicator.run(ranks: ranks) { communicator -> [[UInt64]] in
      try counts.map { count in
        let block = try communicator.makeReducibleBlock(floatCount: count)
        return try [0, 1, count / 2, count * 2 / 3, count - 1, count].filter { $0 <= count }.map { covered in
          for index in 0..<count { block.floats[index] = Self.value(communicator.rank, index) }
          let norm = try block.allReduceSum(normOfFirst: covered)
          let sums = (0..<count).map { index in
            (1..<max(1, ranks)).reduce(Self.value(0, index)) { $0 + Self.value($1, index) }
          }
          #expect(Array(block.floats) == sums)
          let expected = sums[..<covered].reduce(0) { $0 + Double($1) * Double($1) }
          // Each of at most 75,001 additions in double rounds by 1.1e-16.
          #expect(abs(norm - expected) <= 9e-12 * expected)
          return norm.bitPattern
        }
      }
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }

  @Test("a value that is not finite makes the norm so, in every lane, if the norm covers it", arguments: 1...3)
  func notFinite(ranks: Int) throws {
    let count = 64 * 3 + 5
    _ = try InProcessCommunicator.run(ranks: ranks) { communicator in
      let block = try communicator.makeReducibleBlock(floatCount: count)
      for bad in [Float.nan, .infinity, -.infinity] {
        for place in 0..<count {
          block.floats.update(repeating: 1)
          if communicator.rank == ranks - 1 { block.floats[place] = bad }
          #expect(try !block.allReduceSum(normOfFirst: place + 1).isFinite)
          block.floats.update(repeating: 1)
          if communicator.rank == ranks - 1 { block.floats[place] = bad }
          #expect(try block.allReduceSum(normOfFirst: place) == Double(place * ranks * ranks))
        }
      }
    }
  }

  @Test("a norm beyond float's range is finite: squares are added in double")
  func large() throws {
    let block = try SoloCommunicator().makeReducibleBlock(floatCount: 2)
    (block.floats[0], block.floats[1]) = (Float.greatestFiniteMagnitude, Float.leastNonzeroMagnitude)
    let expected = Double(Float.greatestFiniteMagnitude) * Double(Float.greatestFiniteMagnitude)
    #expect(try block.allReduceSum(normOfFirst: 2) == expected)
  }
}
