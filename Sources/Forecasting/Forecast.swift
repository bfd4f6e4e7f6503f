/// The model: how long an iteration takes on so many nodes.
///
///     t = Σ phases repetitions · (work + update + statistics + exposed sum of gradients)
///     exposed = sum within the node + max(0, time on the network − what can be hidden)
///
/// Ranks are taken to be equally fast: nobody waits for a straggler.
public struct Forecast: Sendable {
  public let workload: Workload
  public let machine: Machine
  public let overlap: Overlap
  /// How much slower a core is with its neighbours at work than it was measured.
  public let slowdown: Double

  public init(workload: Workload, machine: Machine, overlap: Overlap = Overlap(), slowdown: Double = 1) {
    precondition(slowdown > 0, "a slowdown of \(slowdown)")
    (self.workload, self.machine, self.overlap, self.slowdown) = (workload, machine, overlap, slowdown)
  }

  /// All repetitions of a phase in an iteration, in seconds.
  public struct Phase: Equatable, Sendable {
    public let name: String
    public var work = 0.0
    public var update = 0.0
    /// Waited for at sums of statistics.
    public var statistics = 0.0
    /// Gradients: what the iteration is longer for them.
    public var exposed = 0.0
    /// Gradients: what runs under computing.
    public var hidden = 0.0

    public var seconds: Double { work + update + statistics + exposed }
  }

  public struct Iteration: Equatable, Sendable {
    public let phases: [Phase]
    public let globalBatch: Int

    public var seconds: Double { phases.reduce(0) { $0 + $1.seconds } }
    public var imagesPerSecond: Double { Double(globalBatch) / seconds }
    public var statisticsShare: Double { phases.reduce(0) { $0 + $1.statistics } / seconds }
    public var exposedShare: Double { phases.reduce(0) { $0 + $1.exposed } / seconds }
  }

  /// - Parameters:
  ///   - localBatch: images of the rank that has most.
  ///   - globalBatch: of all ranks.
  /// - Precondition: `machine.problem(for:threads:)` is nil.
  public func iteration(layout: Layout, localBatch: Int, globalBatch: Int) -> Iteration {
    let times = workload.phases.map { phase -> Machine.Phase in
      guard let times = machine.phases.first(where: { $0.name == phase.name }) else {
        preconditionFailure("no times of \(phase.name)")
      }
      return times
    }
    let phases = workload.phases.indices.map { index -> Phase in
      let (phase, times, next) = (workload.phases[index], times[index], times[(index + 1) % times.count])
      let count = Double(phase.repetitions)
      let reduction = GradientReduction(
        buckets: phase.bucketBytes, inFlight: overlap.bucketsInFlight, layout: layout, machine: machine)
      let backward = slowdown * times.backward.seconds(at: Double(localBatch))
      let early = overlap.earlyShare * slowdown * next.early.seconds(at: Double(localBatch))
      // What repeats a network's step needs its own update first; only the last repetition has another network behind it.
      let exposed = [(count - 1, 0), (1, early)].reduce(0.0) { sum, part in
        let hideable = overlap.hideableSeconds(
          backward: backward, following: part.1, buckets: phase.bucketBytes.count)
        return sum + part.0 * max(0, reduction.networkSeconds - hideable)
      }
      var result = Phase(name: phase.name)
      result.work = count * slowdown * times.work.seconds(at: Double(localBatch))
      result.update = count * slowdown * times.updateSeconds
      result.statistics =
        count * phase.blockingSums.reduce(0) { $0 + $1.seconds(layout: layout, machine: machine) }
      result.exposed = count * reduction.nodeSeconds + exposed
      result.hidden = count * reduction.networkSeconds - exposed
      return result
    }
    return Iteration(phases: phases, globalBatch: globalBatch)
  }

  /// The recipe's batch, split over the ranks; nil where there are more ranks than images.
  public func strong(_ layout: Layout) -> Iteration? {
    layout.localBatch(ofGlobal: workload.globalBatch).map {
      iteration(layout: layout, localBatch: $0, globalBatch: workload.globalBatch)
    }
  }

  /// As many images a rank as one node gives it; nil where even one node has more ranks than images.
  public func weak(_ layout: Layout) -> Iteration? {
    var single = layout
    single.nodes = 1
    return single.localBatch(ofGlobal: workload.globalBatch).map {
      iteration(layout: layout, localBatch: $0, globalBatch: workload.globalBatch * layout.nodes)
    }
  }
}
