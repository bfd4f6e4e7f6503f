#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A run of one process, without MPI: its start-up (0.3 s with Open MPI 4.1) is not paid for nothing.
public final class SoloCommunicator: Communicator {
  public let rank = 0
  public let size = 1
  public let nodeRank = 0
  public let nodeSize = 1
  public let notes: [String] = []
  public let pulse: Pulse

  public init() { pulse = Pulse(rank: 0, size: 1) }

  /// A part of a job.
  ///
  /// - Parameter number: of this rank in the job.
  init(number: Int, parent: Pulse) { pulse = Pulse(rank: 0, size: 1, numbers: [number], parent: parent) }

  public func allReduceSum(_ values: UnsafeMutableBufferPointer<Float>) {}
  public func allReduceSum(_ values: UnsafeMutableBufferPointer<Double>) {}
  public func allReduceMaximum(_ values: UnsafeMutableBufferPointer<Int64>) {}

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    precondition(root == 0, "root \(root) of 1 rank")
  }

  public func gather(_ bytes: UnsafeRawBufferPointer, into gathered: UnsafeMutableRawBufferPointer?, at root: Int) {
    precondition(root == 0, "root \(root) of 1 rank")
    precondition(gathered?.count == bytes.count, "\(gathered?.count ?? 0) bytes to hold \(bytes.count)")
    gathered?.copyMemory(from: bytes)
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
  public func abort(exitCode: Int32) -> Never { exit(exitCode) }
}
