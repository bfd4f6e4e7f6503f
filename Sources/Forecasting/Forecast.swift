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
    let forward = forwardSeconds(localBatch)
    let phases = workload.phases.map { phase -> Phase in
      guard let times = machine.phases.first(where: { $0.name == phase.name }) else {
        preconditionFailure("no times of \(phase.name)")
      }
      let count = Double(phase.repetitions)
      let reduction = GradientReduction(
        bytes: phase.gradientBytes, layout: layout, overlap: overlap, machine: machine)
      let isGenerator = phase.name == workload.phases.last?.name
      let following =
        isGenerator ? overlap.generatorHideableSeconds : overlap.discriminatorUnderGeneratorForward * forward
      let hideable = overlap.hideableSeconds(
        backward: slowdown * times.backward.seconds(at: Double(localBatch)), following: following,
        buckets: reduction.buckets)
      var result = Phase(name: phase.name)
      result.work = count * slowdown * times.work.seconds(at: Double(localBatch))
      result.update = count * slowdown * times.updateSeconds
      result.statistics =
        count * phase.blockingSums.reduce(0) { $0 + $1.seconds(layout: layout, machine: machine) }
      result.exposed = count * (reduction.nodeSeconds + max(0, reduction.networkSeconds - hideable))
      result.hidden = count * min(reduction.networkSeconds, hideable)
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

  /// The generator's forward pass as the generator step was seen to make it.
  private func forwardSeconds(_ images: Int) -> Double {
    slowdown * (machine.phases.last?.generatorForward.seconds(at: Double(images)) ?? 0)
  }
}
