extension Forecast {
  /// What would make a layout faster, a sentence each; empty where communication takes little.
  public func advice(for layout: Layout) -> [String] {
    guard let iteration = strong(layout) else { return [] }
    var advice: [String] = []
    let (statistics, exposed) = (iteration.statisticsShare, iteration.exposedShare)
    let hasGlobal = workload.phases.contains { $0.blockingSums.contains { $0.extent == .all } }
    if statistics > Self.worthSaying {
      advice.append(
        "Norm statistics take \(percent(statistics)) of an iteration: "
          + (hasGlobal && layout.nodes > 1
            ? "--set norm.statistics=node sums them within nodes only (another training: each node's own batch statistics)."
            : "--set norm.statistics=rank sums none (another training: each rank's own batch statistics)."))
    }
    if exposed > Self.worthSaying {
      let remedies = ["a larger training.batchSize", "more discriminator steps per generator step"]
      advice.append(
        "Waiting for sums of gradients takes \(percent(exposed)) of an iteration: "
          + (remedies + (layout.nodes > 1 ? ["fewer nodes", "a faster network"] : ["fewer ranks with more threads"]))
          .joined(separator: ", ") + " would help.")
    }
    return advice
  }

  /// Below this share of an iteration, nothing is worth changing.
  static let worthSaying = 0.1

  private func percent(_ share: Double) -> String { "\(Quantity.fixed(100 * share, decimals: 0)) %" }
}
