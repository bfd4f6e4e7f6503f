import Communication

struct Mismatch: Error, CustomStringConvertible {
  var description: String
}

func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
  if !condition { throw Mismatch(description: "FAILED: \(message())") }
}

/// Every collective with values that can be checked on each rank, then the regular end.
func checkCollectives(_ communicator: any Communicator, inRankOrder: Bool) throws -> Int32 {
  let (rank, size) = (communicator.rank, communicator.size)
  for count in [1, 15, 16, 17, 1000, 75_001] {
    let block = try communicator.makeReducibleBlock(floatCount: count)
    try checkSums(communicator, values: block.floats, exactly: inRankOrder, sum: block.allReduceSum)
    try checkSums(communicator, values: block.floats, exactly: inRankOrder) {
      let covered = count * 2 / 3
      let norm = try block.allReduceSum(normOfFirst: covered)
      let expected = block.floats[..<covered].reduce(0) { $0 + Double($1) * Double($1) }
      // Each of at most 50,000 additions in double rounds by 1.1e-16.
      try expect(abs(norm - expected) <= 6e-12 * expected, "norm of \(covered) values on rank \(rank): \(norm)")
      try communicator.verifyEqual(norm.bitPattern, what: "norm of \(covered) values")
    }
    var plain = [Float](repeating: 0, count: count)
    try plain.withUnsafeMutableBufferPointer { values in
      try checkSums(communicator, values: values, exactly: inRankOrder) { try communicator.allReduceSum(values) }
    }
  }
  var doubles = (0..<1001).map { Double($0 * (rank + 1)) }
  try doubles.withUnsafeMutableBufferPointer { try communicator.allReduceSum($0) }
  let factor = Double(size * (size + 1) / 2)
  try expect(doubles == (0..<1001).map { Double($0) * factor }, "sum of doubles on rank \(rank)")
  // Ranks count those of their own node; with all on one node that is everybody.
  var ones = [Float](repeating: 1, count: 33)
  try ones.withUnsafeMutableBufferPointer { try communicator.allReduceSumOnNode($0) }
  try expect(
    ones == [Float](repeating: Float(communicator.nodeSize), count: 33), "sum over the node on rank \(rank): \(ones[0])"
  )
  let largest = try communicator.maximum(of: Int64(rank), Int64(-rank))
  try expect(largest == (Int64(size - 1), 0), "maximum on rank \(rank) is \(largest)")
  for root in 0..<size {
    let received = try communicator.broadcast([UInt16](repeating: UInt16(rank), count: 999), from: root)
    try expect(received == [UInt16](repeating: UInt16(root), count: 999), "broadcast from \(root) on rank \(rank)")
  }
  let gathered = try communicator.allGather(rank * 11)
  try expect(gathered == (0..<size).map { $0 * 11 }, "gathered \(gathered) on rank \(rank)")
  try communicator.verifyEqual(0xFFFF_0000_1234_5678, what: "constant")
  try expect(try communicator.firstFailure(nil) == nil, "a failure that nobody had")
  try communicator.barrier()
  let kind = type(of: communicator)
  try communicator.close()
  if rank == 0 { say("all right: \(size) ranks, \(kind), \(communicator.notes)") }
  return 0
}

/// Sums of blocks in several buckets, started one by one with other collectives in between: what every rank brings is a
/// whole number, so the sums are exact in any order.
func checkBuckets(_ communicator: any Communicator) throws -> Int32 {
  let (rank, size) = (communicator.rank, communicator.size)
  func value(_ rank: Int, _ index: Int, _ round: Int) -> Float { Float((rank + 1) * (index % 61 + 1) + round) }
  for text in [
    "nodes", "nodes,bucket=4096", "nodes,bucket=4096,inflight=1", "nodes,bucket=65536,inflight=3", "library",
  ] {
    guard let settings = ReductionSettings(text) else { throw Mismatch(description: "settings \(text)") }
    for count in [1, 17, 5000, 100_003] {
      let parts = stride(from: 0, to: count, by: 1008).map { (offset: $0, ready: count - $0) }
      let buckets = settings.buckets(ofParts: parts, floatCount: count)
      let block = try communicator.makeReducibleBlock(floatCount: count, buckets: buckets, settings: settings)
      block.normCount = count * 3 / 4
      for round in 0..<5 {
        for (number, bucket) in buckets.enumerated() {
          for index in bucket { block.floats[index] = value(rank, index, round) }
          try block.startNextBucket()
          if number % 3 == round % 3 { try communicator.barrier() }
          if (number + rank) % 2 == 0 { try communicator.progress() }
        }
        let norm = try block.finish()
        try expect(block.isComplete, "\(text): not complete")
        var expectedNorm = 0.0
        for index in 0..<count {
          let expected = (0..<size).reduce(Float(0)) { $0 + value($1, index, round) }
          try expect(
            block.floats[index] == expected,
            "\(text): value \(index) of \(count) is \(block.floats[index]), not \(expected), on rank \(rank)")
          if index < block.normCount { expectedNorm += Double(expected) * Double(expected) }
        }
        try expect(norm == expectedNorm, "\(text): the norm of \(count) values is \(norm), not \(expectedNorm)")
      }
    }
  }
  try communicator.close()
  if rank == 0 { say("all right: \(size) ranks") }
  return 0
}

/// Closes with sums under way, as a run does that stops on an error: their messages must have come by then.
func leaveUnfinished(_ communicator: any Communicator) throws -> Int32 {
  let (count, part) = (4_000_000, 250_000)
  let settings = ReductionSettings("nodes,bucket=\(4 * part)") ?? ReductionSettings()
  let buckets = stride(from: 0, to: count, by: part).map { $0..<$0 + part }
  let block = try communicator.makeReducibleBlock(floatCount: count, buckets: buckets, settings: settings)
  for _ in buckets { try block.startNextBucket() }
  try expect(block.isUnderWay, "the sum is through already")
  try communicator.close()
  try expect(!block.isUnderWay, "a sum is under way after the end")
  if communicator.rank == 0 { say("all right: \(communicator.size) ranks") }
  return 0
}

/// What the busiest rank sends for one sum of as many bytes, every rank being a node of its own.
func countTraffic(_ communicator: any Communicator) throws -> Int32 {
  var lines: [String] = []
  for byteCount in [1000, 65_536, 65_540, 1_000_000] {
    let block = try communicator.makeReducibleBlock(floatCount: byteCount / 4)
    let before = communicator.traffic
    try block.allReduceSum()
    let after = communicator.traffic
    let (messages, bytes) = try communicator.maximum(
      of: Int64(after.messages - before.messages), Int64(after.bytes - before.bytes))
    lines.append("\(byteCount): \(messages) \(bytes)")
  }
  try communicator.close()
  if communicator.rank == 0 { say(lines.joined(separator: ", ")) }
  return 0
}

/// Five sums in a row, in rank order bit for bit where `exactly`, and always the same bits on all ranks.
private func checkSums(
  _ communicator: any Communicator, values: UnsafeMutableBufferPointer<Float>, exactly: Bool, sum: () throws -> Void
) throws {
  for round in 0..<5 {
    func value(_ rank: Int, _ index: Int) -> Float { Float(rank + 1) * 0.1 + Float(index + round) * 1e-3 }
    for index in values.indices { values[index] = value(communicator.rank, index) }
    try sum()
    for index in values.indices {
      let expected = (1..<max(1, communicator.size)).reduce(value(0, index)) { $0 + value($1, index) }
      // MPI may add in another order: each of at most 3 additions rounds by 6e-8.
      let tolerance = exactly ? 0 : 4e-7 * abs(expected)
      try expect(
        abs(values[index] - expected) <= tolerance,
        "value \(index) of \(values.count) is \(values[index]), not \(expected), on rank \(communicator.rank)")
    }
    var digest = Digest()
    digest.update(UnsafeRawBufferPointer(values))
    try communicator.verifyEqual(digest.value, what: "sum of \(values.count) values")
  }
}

/// Ranks from 1 on fail, each with its own words: rank 0 prints those of rank 1, all exit with 42.
func failOnUpperRanks(_ communicator: any Communicator) throws -> Int32 {
  let message = communicator.rank == 0 ? nil : "no data on rank \(communicator.rank): café closed"
  let failure = try communicator.firstFailure(message, exitCode: 41 + Int32(communicator.rank))
  if let failure, communicator.rank == 0 { say("rank \(failure.rank): \(failure.message)") }
  try communicator.close()
  return failure?.exitCode ?? 0
}

/// The last rank holds another value; every rank gets the error, rank 0 prints it, then all end together.
func disagree(_ communicator: any Communicator) throws -> Int32 {
  let isLast = communicator.rank == communicator.size - 1
  do {
    try communicator.verifyEqual(isLast ? 0xBAD : 0x600D, what: "the plan hash")
  } catch {
    if communicator.rank == 0 { say("\(error)") }
    try communicator.close()
    return 3
  }
  return 0
}

/// The last rank ends the job while the others wait for it.
func abortOnLastRank(_ communicator: any Communicator) throws -> Int32 {
  if communicator.rank == communicator.size - 1 { communicator.abort(exitCode: 42) }
  try communicator.barrier()
  return 0
}
