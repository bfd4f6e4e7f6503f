import Communication

/// Bytes from the first rank of every node, on all ranks of it: of several sizes, then the regular end.
func checkSharing(_ communicator: any Communicator, isShared: Bool) throws -> Int32 {
  let (rank, node) = (communicator.rank, communicator.rank - communicator.nodeRank)
  let value = { (index: Int) in UInt8(truncatingIfNeeded: index &* 31 &+ node) }
  var kept: [SharedBytes] = []
  for byteCount in [8, 4096, 100_001] {
    var fills = 0
    // What the other ranks say does not count.
    let asked = communicator.nodeRank == 0 ? byteCount : 3
    let bytes = try communicator.makeSharedBytes(byteCount: asked) { buffer in
      fills += 1
      for index in 0..<byteCount { buffer[index] = value(index) }
    }
    try expect(fills == (communicator.nodeRank == 0 ? 1 : 0), "rank \(rank) fills \(fills) times")
    try expect(bytes.memory.byteCount == byteCount, "\(bytes.memory.byteCount) of \(byteCount) bytes on rank \(rank)")
    try expect(bytes.isShared == (isShared || communicator.nodeSize == 1), "rank \(rank) shares: \(bytes.isShared)")
    kept.append(bytes)
  }
  var word = communicator.nodeRank == 0 ? node : -1
  try withUnsafeMutableBytes(of: &word) { try communicator.broadcastOnNode($0) }
  try expect(word == node, "rank \(rank) has \(word) from its node")
  for bytes in kept {
    let found = UnsafeRawBufferPointer(start: bytes.memory.address, count: bytes.memory.byteCount)
    try expect(found.indices.allSatisfy { found[$0] == value($0) }, "\(found.count) bytes on rank \(rank)")
  }
  // One memory: what the first rank of the node changes, the others see.
  if isShared {
    try communicator.barrier()
    if communicator.nodeRank == 0 { kept[1].memory.address.storeBytes(of: 77, as: UInt8.self) }
    try communicator.barrier()
    try expect(kept[1].memory.address.load(as: UInt8.self) == 77, "rank \(rank) sees a copy")
  }
  try communicator.close()
  if rank == 0 { say("all right: \(communicator.size) ranks") }
  return 0
}
