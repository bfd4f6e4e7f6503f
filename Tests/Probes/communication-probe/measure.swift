import CMPI
import Communication

/// Microseconds of an all-reduce three ways, in turns: in shared memory, by MPI_Iallreduce polled, by MPI_Allreduce.
func measure(_ communicator: any Communicator, byteCount: Int) throws -> Int32 {
  let block = try communicator.makeReducibleBlock(floatCount: byteCount / 4)
  let library = try MPICommunicator(reduction: .library).makeReducibleBlock(floatCount: byteCount / 4)
  let reference = try MPICommunicator(reduction: .library).makeReducibleBlock(floatCount: byteCount / 4)
  var times: [[Double]] = [[], [], []]
  for round in 0..<1500 {
    let each = [
      try time(communicator, block.floats) { try block.allReduceSum() },
      try time(communicator, library.floats) { try library.allReduceSum() },
      try time(communicator, reference.floats) {
        let values = reference.floats
        guard let start = values.baseAddress else { return }
        let code = cmpi_allreduce_blocking(cmpi_world(), .sum_float32, start, Int64(values.count))
        try expect(code == 0, "MPI_Allreduce returned \(code)")
      },
    ]
    if round >= 100 { for (index, value) in each.enumerated() { times[index].append(value) } }
  }
  if communicator.rank == 0 {
    say("\(byteCount) bytes, \(communicator.size) ranks, median (10 %, 90 %) microseconds; \(communicator.notes)")
    for (name, values) in zip(["block", "MPI_Iallreduce, polled", "MPI_Allreduce"], times) {
      let sorted = values.sorted()
      let numbers = [0.5, 0.1, 0.9].map { (sorted[Int($0 * Double(sorted.count))] * 10).rounded() / 10 }
      say("  \(name): \(numbers[0]) (\(numbers[1]), \(numbers[2]))")
    }
  }
  try communicator.close()
  return 0
}

/// Values freshly written by their owner, as gradients are; the ranks begin together.
private func time(
  _ communicator: any Communicator, _ values: UnsafeMutableBufferPointer<Float>, _ work: () throws -> Void
) throws -> Double {
  for index in values.indices { values[index] = Float(index & 7) }
  try communicator.barrier()
  let begin = Beginning()
  try work()
  return begin.microseconds
}

private struct Beginning {
  private let moment = ContinuousClock.now

  var microseconds: Double {
    let (seconds, attoseconds) = (ContinuousClock.now - moment).components
    return Double(seconds) * 1e6 + Double(attoseconds) * 1e-12
  }
}

/// Microseconds of the sum of a block without and with its norm, in turns, for 1 MB and 16 MB; nanoseconds of a beat.
func measureNorm(_ communicator: any Communicator) throws -> Int32 {
  for (byteCount, rounds) in [(1 << 20, 2000), (16 << 20, 300)] {
    let block = try communicator.makeReducibleBlock(floatCount: byteCount / 4)
    var times: [[Double]] = [[], []]
    var norm = 0.0
    for _ in 0..<rounds {
      times[0].append(try time(communicator, block.floats) { try block.allReduceSum() })
      times[1].append(
        try time(communicator, block.floats) { norm = try block.allReduceSum(normOfFirst: block.floatCount) })
    }
    guard communicator.rank == 0 else { continue }
    let medians = times.map { $0.sorted()[rounds / 2] }
    say("\(byteCount) bytes: \(medians[0]) us, with the norm (\(norm)) \(medians[1]) us")
  }
  let (pulse, begin) = (communicator.pulse, Beginning())
  for _ in 0..<1_000_000 { pulse.beat() }
  if communicator.rank == 0 { say("a beat: \(begin.microseconds / 1000) ns") }
  try communicator.close()
  return 0
}
