import Graphs

/// Where a program talks to other ranks, and what its units are for: what a forecast of its speed needs to know.
extension Plan {
  /// A sum over ranks that the program waits for right away: statistics of a norm.
  public struct BlockingSum: Hashable, Sendable {
    public let layer: String
    public let floatCount: Int
    public let extent: RankExtent
  }

  /// What a unit is for.
  public enum Stage: Sendable, Equatable {
    /// Makes the loss and what it is made of.
    case forward
    /// Makes gradients.
    case backward
    /// Talks to other ranks.
    case collective
    /// Writes parameters, moments, averages: as much work whatever the batch.
    case update
  }

  /// In execution order; sums of gradients are not among them.
  public var blockingSums: [BlockingSum] {
    units.compactMap { unit in
      let node = graph.nodes[unit.nodes[0]]
      guard let sum = node.operation as? AllReduceSum else { return nil }
      return BlockingSum(layer: node.layer, floatCount: node.shape.count, extent: sum.extent)
    }
  }

  /// Floats that the ranks sum in each run of the program: gradients, and the numbers that travel with them.
  public var gradientFloatCount: Int {
    let blocks = Set(graph.nodes.compactMap { ($0.operation as? Pack)?.destination })
    return blocks.reduce(0) { $0 + $1.count }
  }

  /// Of every unit, in execution order.
  public var stages: [Stage] {
    // Gradients are derived when the loss, or a first part of it, is complete: `NetworkState.gradients(of:)`.
    let firstGradient = graph.nodes.firstIndex { $0.layer.hasSuffix(" gradients") } ?? graph.nodes.count
    return units.map { unit in
      let operation = graph.nodes[unit.nodes[0]].operation
      if operation.isCollective { return .collective }
      if case .effect = operation.role { return .update }
      return (unit.nodes.last ?? 0) < firstGradient ? .forward : .backward
    }
  }
}
