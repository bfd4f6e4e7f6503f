/// How many processes run, and where.
public struct Layout: Hashable, Sendable {
  public var nodes: Int
  public var ranksPerNode: Int
  /// Of a rank.
  public var threads: Int

  public init(nodes: Int, ranksPerNode: Int, threads: Int = 1) {
    precondition(nodes > 0 && ranksPerNode > 0 && threads > 0, "\(nodes) × \(ranksPerNode) × \(threads)")
    (self.nodes, self.ranksPerNode, self.threads) = (nodes, ranksPerNode, threads)
  }

  public var ranks: Int { nodes * ranksPerNode }

  /// Images of the rank that has most of a global batch; nil where there are more ranks than images.
  public func localBatch(ofGlobal batch: Int) -> Int? { ranks <= batch ? (batch + ranks - 1) / ranks : nil }
}
