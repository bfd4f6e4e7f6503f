import Tensors

/// Bytes that the first rank of a node made and all ranks of the node read: the data of a run, once per machine.
public struct SharedBytes {
  /// Nobody writes it any more. It goes with the communicator: not to be used after `close()`.
  public let memory: MemoryBlock
  /// Whether it is one memory, rather than a copy for each rank for lack of memory that they could share.
  public let isShared: Bool
}

extension Communicator {
  /// Where all ranks share one node, its first rank is rank 0.
  ///
  /// - Precondition: they do; a communicator that spans nodes has its own.
  public func broadcastOnNode(_ bytes: UnsafeMutableRawBufferPointer) throws(CommunicationError) {
    precondition(nodeSize == size, "\(nodeSize) of \(size) ranks are on this node")
    try broadcast(bytes, from: 0)
  }

  /// A copy for each rank.
  public func makeSharedBytes(
    byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void
  ) throws(CommunicationError) -> SharedBytes {
    var count = Int64(byteCount)
    try withUnsafeMutableBytes(of: &count) { bytes throws(CommunicationError) in try broadcastOnNode(bytes) }
    let memory = MemoryBlock(byteCount: Int(count))
    let bytes = UnsafeMutableRawBufferPointer(start: memory.address, count: memory.byteCount)
    if nodeRank == 0 { fill(bytes) }
    try broadcastOnNode(bytes)
    return SharedBytes(memory: memory, isShared: nodeSize == 1)
  }
}
