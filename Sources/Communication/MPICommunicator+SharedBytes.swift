import Tensors

extension MPICommunicator {
  public func broadcastOnNode(_ bytes: UnsafeMutableRawBufferPointer) throws(CommunicationError) {
    pulse.arrive(at: .broadcast)
    defer { pulse.leave() }
    try broadcast(bytes, from: 0, over: node)
  }

  /// In a window of the node's ranks. Where the node has too little shared memory, a copy for each of them: other nodes may
  /// share theirs all the same, since nothing of this crosses between nodes.
  public func makeSharedBytes(
    byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void
  ) throws(CommunicationError) -> SharedBytes {
    pulse.arrive(at: .sharing)
    defer { pulse.leave() }
    // Its first rank allocates, so it knows.
    var (count, hasRoom) = (byteCount, reduction == .automatic && Self.hasRoom(for: byteCount, ranks: nodeSize))
    try broadcastValue(&count)
    try broadcastValue(&hasRoom)
    if nodeSize > 1 && hasRoom {
      let window = try SharedWindow(
        node: node, rank: nodeRank, size: nodeSize, floatCount: 0, counterBytes: count, check: check)
      windows.append(window)
      if nodeRank == 0 { fill(UnsafeMutableRawBufferPointer(start: window.counters, count: count)) }
      // Nobody reads before it is filled.
      var isFilled = true
      try broadcastValue(&isFilled)
      // The window is freed by close(), which all ranks call at one time.
      return SharedBytes(
        memory: MemoryBlock(foreign: window.counters, byteCount: count, release: {}), isShared: true)
    }
    let memory = MemoryBlock(byteCount: count)
    let bytes = UnsafeMutableRawBufferPointer(start: memory.address, count: count)
    if nodeRank == 0 { fill(bytes) }
    try broadcast(bytes, from: 0, over: node)
    return SharedBytes(memory: memory, isShared: nodeSize == 1)
  }

  private func broadcastValue<Value: BitwiseCopyable>(_ value: inout Value) throws(CommunicationError) {
    try withUnsafeMutableBytes(of: &value) { bytes throws(CommunicationError) in
      try broadcast(bytes, from: 0, over: node)
    }
  }

  /// At most half of what is free: the gradients, which gain more by it, come later.
  private static func hasRoom(for byteCount: Int, ranks: Int) -> Bool {
    let needed = SharedWindow.byteCount(ranks: ranks, floatCount: 0, counterBytes: 2 * byteCount)
    return SharedMemorySpace.problem(byteCount: needed, ranks: ranks, free: SharedMemorySpace.freeBytes()) == nil
  }
}
