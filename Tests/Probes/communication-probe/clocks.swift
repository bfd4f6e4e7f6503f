import Communication

/// As if every rank had a node of its own: all of them have this machine's clock, so each offset must be 0, to within what
/// is said about it.
func checkClocks() throws -> Int32 {
  let communicator = try MPICommunicator(reduction: .automatic, ranksPerNode: 1)
  let offsets = try communicator.clockOffsets()
  for rank in 0..<communicator.size {
    let (offset, uncertainty) = (offsets.nanoseconds[rank], offsets.uncertainties[rank])
    try expect(abs(offset) <= uncertainty, "rank \(rank)'s clock is \(offset) ± \(uncertainty) ns off")
  }
  let widest = (offsets.uncertainties.max() ?? 0) / 1_000
  let largest = (offsets.nanoseconds.map(abs).max() ?? 0) / 1_000
  try communicator.close()
  if communicator.rank == 0 { say("all right: \(communicator.size) clocks, \(largest) µs off, at most \(widest)") }
  return 0
}
