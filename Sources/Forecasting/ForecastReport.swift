/// Everything that is said about a layout.
public struct ForecastReport: Sendable {
  public let forecast: Forecast
  public let layout: Layout
  public let needs: RankNeeds
  public let iteration: Forecast.Iteration
  public let scaling: Scaling
  public let launch: LaunchLines

  /// - Parameter arguments: those of `lockstep` that train the recipe.
  /// - Precondition: the recipe's batch has an image for every rank.
  public init(_ forecast: Forecast, layout: Layout, needs: RankNeeds, arguments: [String]) {
    guard let iteration = forecast.strong(layout) else {
      preconditionFailure("\(layout.ranks) ranks for \(forecast.workload.globalBatch) images")
    }
    (self.forecast, self.layout, self.needs, self.iteration) = (forecast, layout, needs, iteration)
    scaling = Scaling(forecast, layout: layout)
    launch = LaunchLines(layout: layout, arguments: arguments)
  }

  /// Where the numbers come from, and what they leave out, a sentence each.
  public var notes: [String] {
    let (machine, network) = (forecast.machine, forecast.machine.network)
    let images = machine.measuredImages
    var notes = [
      "Computing: measured with \(images.lowerBound) to \(images.upperBound) images a rank on \(machine.core) kernels, "
        + "\(Self.plural(machine.processes, "process", "es")) × \(Self.plural(machine.threads, "thread")) at a time; "
        + "a line through the times is off by \(Quantity.fixed(100 * machine.fitError, decimals: 0)) % at most."
    ]
    if layout.ranksPerNode > machine.processes {
      notes.append(
        forecast.slowdown == 1
          ? "It is assumed that \(layout.ranksPerNode) ranks on a node do not slow each other; by how much they do is "
            + "unknown: measure with mpirun -n \(layout.ranksPerNode) lockstep plan, or give --core-slowdown."
          : "A core is taken to be \(Quantity.digits(forecast.slowdown)) times slower with its neighbours at work.")
    }
    let speeds =
      "\(Quantity.time(network.latencySeconds)) latency, "
      + "\(Quantity.rate(bytesPerSecond: network.bytesPerSecond))"
    switch network.origin {
    case .measured: notes.append("Network: \(speeds), measured between \(network.nodes) nodes.")
    case .given: notes.append("Network: \(speeds), as given, not measured.")
    case .assumed:
      notes.append(
        "Network: \(speeds), assumed. Give --latency and --bandwidth, or measure: run this under mpirun over nodes.")
    }
    notes.append(
      forecast.overlap == .none
        ? "Every sum of gradients is taken to be waited for."
        : "Gradients are taken to travel in buckets of \(Quantity.bytes(Double(forecast.overlap.bucketBytes))) while "
          + "computing goes on (--no-overlap: they do not).")
    notes.append("Not modelled: ranks that are slower than others, and networks shared with other jobs.")
    return notes
  }

  static func plural(_ count: Int, _ noun: String, _ ending: String = "s") -> String {
    "\(count) \(noun)\(count == 1 ? "" : ending)"
  }
}
