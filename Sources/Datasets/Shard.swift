/// The part of a global batch that one rank works on: ⌊B/N⌋ or ⌈B/N⌉ samples in a row, the parts in rank order.
public struct Shard: Hashable, Sendable {
  public let globalBatch: Int
  /// Positions in the global batch.
  public let range: Range<Int>

  /// - Precondition: 0 ≤ `rank` < `size`.
  public init(globalBatch: Int, rank: Int, size: Int) {
    precondition(globalBatch >= 0 && rank >= 0 && rank < size, "rank \(rank) of \(size), batch \(globalBatch)")
    self.globalBatch = globalBatch
    range = globalBatch * rank / size..<globalBatch * (rank + 1) / size
  }

  /// Samples of this rank.
  public var count: Int { range.count }
}
