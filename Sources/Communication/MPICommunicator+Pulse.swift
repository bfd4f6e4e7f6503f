import CMPI

extension MPICommunicator {
  /// Lets the ranks of a node see each other's signs of life in a window, and sends them to the other nodes; where a node
  /// lacks even this little memory, each of its ranks hears of the others as if it were a node of its own.
  func sharePulse() throws(CommunicationError) {
    guard size > 1 else { return }
    let bytes = PulseBoard.byteCount(ranks: size)
    let needed = SharedWindow.byteCount(ranks: nodeSize, floatCount: 0, counterBytes: bytes)
    let problem = SharedMemorySpace.problem(byteCount: needed, ranks: nodeSize, free: SharedMemorySpace.freeBytes())
    // The largest of −rank is the lowest rank: the first of the node.
    let (isShort, leader) = try maximumOnNode(of: problem == nil ? 0 : 1, Int64(-rank))
    let isShared = isShort == 0
    let leaders = try allGather(Int32(isShared ? -leader : Int64(rank)))
    if isShared {
      let window = try SharedWindow(
        node: node, rank: nodeRank, size: nodeSize, floatCount: 0, counterBytes: bytes, check: check)
      windows.append(window)
      // Lines are zeroed before anyone shows a sign.
      try barrier()
      pulse.move(to: window.counters)
    }
    // The same on all ranks, since all have the same leaders.
    guard Set(leaders).count > 1 else { return }
    var duplicate = cmpi_communicator()
    try check(cmpi_duplicate(base, &duplicate), "MPI_Comm_dup")
    pulse.connect(
      Heartbeats(communicator: duplicate, rank: rank, leaders: leaders, board: pulse.board, check: check))
  }

  private func maximumOnNode(of first: Int64, _ second: Int64) throws(CommunicationError) -> (Int64, Int64) {
    var pair = [first, second]
    try pair.withUnsafeMutableBufferPointer { values throws(CommunicationError) in
      try allReduce(values, .maximum_int64, over: node)
    }
    return (pair[0], pair[1])
  }
}
