/// A rank of a run whose other ranks are not there: every sum is this rank's share, every wait is over at once. For
/// measuring what a rank computes, apart from what it waits for.
public final class IdleCommunicator: Communicator {
  public let rank: Int
  public let size: Int
  public let nodeRank = 0
  public let nodeSize: Int
  public let notes: [String] = []
  public let pulse: Pulse

  public init(rank: Int, size: Int) {
    precondition(rank >= 0 && rank < size, "rank \(rank) of \(size)")
    (self.rank, self.size, nodeSize) = (rank, size, size)
    pulse = Pulse(rank: rank, size: size)
  }

  public func allReduceSum(_ values: UnsafeMutableBufferPointer<Float>) {}
  public func allReduceSum(_ values: UnsafeMutableBufferPointer<Double>) {}
  public func allReduceMaximum(_ values: UnsafeMutableBufferPointer<Int64>) {}
  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {}

  public func gather(_ bytes: UnsafeRawBufferPointer, into gathered: UnsafeMutableRawBufferPointer?, at root: Int) {
    guard let gathered, !bytes.isEmpty else { return }
    for offset in stride(from: 0, to: gathered.count, by: bytes.count) {
      UnsafeMutableRawBufferPointer(rebasing: gathered[offset..<offset + bytes.count]).copyMemory(from: bytes)
    }
  }

  public func barrier() {}
  public func makeReducibleBlock(
    floatCount: Int, buckets: [Range<Int>], settings: ReductionSettings
  ) -> ReducibleBlock {
    .alone(floatCount: floatCount, buckets: buckets)
  }
  public var isSumUnderWay: Bool { false }
  public func progress() {}
  public func close() { pulse.end() }
  public func abort(exitCode: Int32) -> Never { preconditionFailure("abort with \(exitCode) of a rank that is idle") }
}
