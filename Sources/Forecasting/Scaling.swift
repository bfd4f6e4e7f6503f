/// What more nodes bring.
public struct Scaling: Sendable {
  public struct Column: Equatable, Sendable {
    public let seconds: Double
    public let imagesPerSecond: Double
    /// Images per second over so many times those of one node.
    public let efficiency: Double
  }

  public struct Row: Equatable, Sendable {
    public let layout: Layout
    /// Images of the rank that has most when the recipe's batch is split; nil: more ranks than images.
    public let localBatch: Int?
    /// The recipe's batch split over the ranks (strong scaling); nil: more ranks than images.
    public let strong: Column?
    /// The ranks' parts as large as on one node (weak scaling).
    public let weak: Column?
    /// Beyond what was measured: more nodes, or another part of the batch.
    public let isExtrapolated: Bool
  }

  public let rows: [Row]

  /// 1, 2, 4 … 1,024 nodes, and the one that was asked for.
  public init(_ forecast: Forecast, layout: Layout, mostNodes: Int = 1024) {
    var single = layout
    single.nodes = 1
    let (strongBase, weakBase) = (forecast.strong(single), forecast.weak(single))
    let counts = Set((0...NodeExchange.logarithm(mostNodes)).map { 1 << $0 } + [layout.nodes]).sorted()
    let column = { (iteration: Forecast.Iteration?, base: Forecast.Iteration?, nodes: Int) -> Column? in
      guard let iteration, let base else { return nil }
      return Column(
        seconds: iteration.seconds, imagesPerSecond: iteration.imagesPerSecond,
        efficiency: iteration.imagesPerSecond / (Double(nodes) * base.imagesPerSecond))
    }
    let isUnmeasured = { (layout: Layout) -> Bool in
      guard let images = layout.localBatch(ofGlobal: forecast.workload.globalBatch) else { return false }
      return !forecast.machine.measuredImages.contains(images)
    }
    rows = counts.map { nodes in
      var layout = layout
      layout.nodes = nodes
      let network = forecast.machine.network
      return Row(
        layout: layout, localBatch: layout.localBatch(ofGlobal: forecast.workload.globalBatch),
        strong: column(forecast.strong(layout), strongBase, nodes),
        weak: column(forecast.weak(layout), weakBase, nodes),
        isExtrapolated: nodes > (network.origin == .measured ? network.nodes : 1) || isUnmeasured(layout))
    }
  }
}
