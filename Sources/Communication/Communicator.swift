import Tensors

/// The ranks of a run and what they do together. Every method but `abort` is collective: all ranks call the same ones in
/// the same order with the same sizes. One thread of a rank makes all the calls.
///
/// After start-up no call blocks inside MPI: a waiting rank polls, and gives its core away after a few microseconds.
public protocol Communicator: AnyObject {
  /// This process among all, from 0.
  var rank: Int { get }
  /// How many processes there are.
  var size: Int { get }
  /// This process among those of its machine, from 0.
  var nodeRank: Int { get }
  /// How many processes share this one's machine.
  var nodeSize: Int { get }
  /// What a user should know about how this communicator works here, one line each; empty when all is as planned.
  var notes: [String] { get }
  /// This rank's signs of life, for the watchdogs of all ranks.
  var pulse: Pulse { get }

  /// Replaces every value by its sum over the ranks; the same bits on every rank.
  func allReduceSum(_ values: UnsafeMutableBufferPointer<Float>) throws(CommunicationError)
  /// Replaces every value by its sum over the ranks; the same bits on every rank.
  func allReduceSum(_ values: UnsafeMutableBufferPointer<Double>) throws(CommunicationError)
  /// Replaces every value by its sum over the ranks of this node; the same bits on each of them.
  func allReduceSumOnNode(_ values: UnsafeMutableBufferPointer<Float>) throws(CommunicationError)
  /// Replaces every value by the largest that any rank holds.
  func allReduceMaximum(_ values: UnsafeMutableBufferPointer<Int64>) throws(CommunicationError)
  /// Copies the bytes of rank `root` to all.
  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws(CommunicationError)
  /// Copies the bytes of the first rank of this node to all ranks of the node.
  func broadcastOnNode(_ bytes: UnsafeMutableRawBufferPointer) throws(CommunicationError)
  /// Copies the bytes of every rank, in rank order, into `gathered` on rank `root`; the other ranks pass nil.
  ///
  /// - Precondition: the same number of bytes, below 2³¹, on every rank; `gathered` holds `size` times as many.
  func gather(
    _ bytes: UnsafeRawBufferPointer, into gathered: UnsafeMutableRawBufferPointer?, at root: Int
  ) throws(CommunicationError)
  /// Returns when every rank has called it.
  func barrier() throws(CommunicationError)
  /// Memory for gradients, zeroed, where they are summed fastest: a stretch of the window that all ranks of a node see. The
  /// block must not be used after `close()`.
  ///
  /// - Parameter buckets: which values travel together, in the order in which they will be started: ranges that start at
  ///   multiples of 16 and cover the block.
  func makeReducibleBlock(
    floatCount: Int, buckets: [Range<Int>], settings: ReductionSettings
  ) throws(CommunicationError) -> ReducibleBlock
  /// Memory that the first rank of every node fills and all ranks of that node read; what the others pass does not count.
  ///
  /// - Parameters:
  ///   - byteCount: how much it fills.
  ///   - fill: called once, there; enters no collective.
  func makeSharedBytes(
    byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void
  ) throws(CommunicationError) -> SharedBytes
  /// Whether a sum of a block has been started and is not complete.
  var isSumUnderWay: Bool { get }
  /// What this rank has sent so far to sum gradients and statistics with ranks of other nodes; MPI's own sums do not count.
  var traffic: Traffic { get }
  /// Lets sums of blocks that are under way go on; not collective. To be called between kernels, and inside long ones.
  func progress() throws(CommunicationError)
  /// The regular end, on all ranks. Nothing may be called afterwards.
  func close() throws(CommunicationError)
  /// Ends every rank at once with `exitCode`, whatever they are doing.
  func abort(exitCode: Int32) -> Never
}

/// Messages and what they carried.
public struct Traffic: Sendable, Equatable {
  public var messages = 0
  public var bytes = 0
  public init() {}
}

extension Communicator {
  public var traffic: Traffic { Traffic() }

  /// Whether gradients travel over a network.
  public var spansNodes: Bool { nodeSize < size }

  /// A block that travels whole.
  public func makeReducibleBlock(floatCount: Int) throws(CommunicationError) -> ReducibleBlock {
    try makeReducibleBlock(floatCount: floatCount, buckets: [0..<floatCount], settings: ReductionSettings())
  }

  /// Where all ranks share one node, the node's sum is everybody's.
  ///
  /// - Precondition: they do; a communicator that spans nodes has its own.
  public func allReduceSumOnNode(_ values: UnsafeMutableBufferPointer<Float>) throws(CommunicationError) {
    precondition(nodeSize == size, "\(nodeSize) of \(size) ranks are on this node")
    try allReduceSum(values)
  }
}
