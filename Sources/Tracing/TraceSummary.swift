/// Where the time of a traced stretch of training went, over all ranks.
///
/// A rank's *training time* is the time covered by what it has on the lanes compute and communication, transfers aside:
/// steps, operations, waits. Time that several events cover counts once. Evaluation is counted apart, and so are
/// checkpoints, which another thread writes. All shares are of the training time.
public struct TraceSummary: Equatable, Sendable {
  /// A phase by its name, and its share, mean over the ranks.
  public struct Phase: Equatable, Sendable {
    public let name: String
    public let share: Double
  }

  /// The rank that the others wait for.
  public struct Straggler: Equatable, Sendable {
    public let rank: Int
    public let node: String
    /// How much of its time it waits.
    public let waitShare: Double
    /// How much of their time the others wait, on average.
    public let othersWaitShare: Double
  }

  /// Ranks whose waits differ by less of their time are even: so much does one trace differ from the next on a quiet
  /// machine.
  public static let evenShare = 0.01

  public let rankCount: Int
  /// Training time in seconds, mean over the ranks.
  public let trainingSeconds: Double
  /// In order of first appearance on the lowest rank.
  public let phases: [Phase]
  /// Time in which a rank computes nothing because it waits for gradients or sums norm statistics; mean over the ranks.
  public let exposedShare: Double
  /// The same on the rank where it is largest.
  public let largestExposedShare: Double
  public let largestExposedRank: Int
  public let statisticsShare: Double
  public let gradientWaitShare: Double
  /// Time in which at least one bucket of gradients is under way, in seconds, mean over the ranks.
  public let transferSeconds: Double
  /// How much of it the rank itself did not wait in; nil without transfers.
  public let hiddenTransferShare: Double?
  /// In a collective all wait for the last to come, so the last waits least: the rank with the least exposed
  /// communication, if the others' mean is at least `evenShare` of their time above it. Nil where ranks are even or alone.
  public let straggler: Straggler?
  /// Mean over the ranks.
  public let evaluationSeconds: Double
  /// Of all ranks together, since only one writes.
  public let checkpointSeconds: Double
  /// Events that there was no room for, on all ranks together: with them missing, all of this is about the beginning.
  public let droppedCount: Int

  /// - Precondition: at least one rank.
  public init(_ traces: [RankTrace]) {
    precondition(!traces.isEmpty, "a summary of no rank")
    let ranks = traces.map(RankTimes.init)
    let mean = { (value: (RankTimes) -> Double) in ranks.reduce(0) { $0 + value($1) } / Double(ranks.count) }
    rankCount = ranks.count
    trainingSeconds = mean(\.training) * 1e-9
    phases = Self.phaseNames(traces).map { name in
      Phase(name: name, share: mean { $0.share($0.phases[name] ?? 0) })
    }
    exposedShare = mean(\.exposedShare)
    let largest = ranks.indices.max { ranks[$0].exposedShare < ranks[$1].exposedShare } ?? 0
    (largestExposedShare, largestExposedRank) = (ranks[largest].exposedShare, traces[largest].rank)
    statisticsShare = mean { $0.share($0.statistics) }
    gradientWaitShare = mean { $0.share($0.gradientWait) }
    let transfer = mean(\.transfer)
    transferSeconds = transfer * 1e-9
    hiddenTransferShare = transfer > 0 ? mean(\.hiddenTransfer) / transfer : nil
    straggler = Self.straggler(traces, waits: ranks.map(\.exposedShare))
    evaluationSeconds = mean(\.evaluation) * 1e-9
    checkpointSeconds = ranks.reduce(0) { $0 + $1.checkpoint } * 1e-9
    droppedCount = traces.reduce(0) { $0 + $1.droppedCount }
  }

  private static func phaseNames(_ traces: [RankTrace]) -> [String] {
    var names: [String] = []
    for trace in traces {
      for event in trace.events.sorted(by: { $0.start < $1.start }) {
        let label = trace.label(of: event)
        if label.kind == .phase, !names.contains(label.text) { names.append(label.text) }
      }
    }
    return names
  }

  private static func straggler(_ traces: [RankTrace], waits: [Double]) -> Straggler? {
    guard waits.count > 1, let last = waits.indices.min(by: { waits[$0] < waits[$1] }) else { return nil }
    let others = (waits.reduce(0, +) - waits[last]) / Double(waits.count - 1)
    guard others - waits[last] >= evenShare else { return nil }
    return Straggler(
      rank: traces[last].rank, node: traces[last].node, waitShare: waits[last], othersWaitShare: others)
  }
}

/// What one rank's time went to, in nanoseconds.
private struct RankTimes {
  let training, exposed, statistics, gradientWait, transfer, hiddenTransfer, evaluation, checkpoint: Double
  let phases: [String: Double]

  var exposedShare: Double { share(exposed) }

  func share(_ nanoseconds: Double) -> Double { training > 0 ? nanoseconds / training : 0 }

  init(_ trace: RankTrace) {
    func covered(_ isWanted: (TraceLane, TraceLabel) -> Bool) -> IntervalSet {
      IntervalSet(
        trace.events.filter { isWanted($0.lane, trace.label(of: $0)) }.map { $0.start..<max($0.start, $0.end) })
    }
    func inTraining(_ kinds: TraceKind...) -> IntervalSet {
      covered { lane, label in (lane == .compute || lane == .communication) && kinds.contains(label.kind) }
    }
    let waits = inTraining(.gradientWait)
    let transfers = inTraining(.gradientTransfer)
    training = Double(inTraining(.compute, .statistics, .gradientWait, .update, .phase).length)
    exposed = Double(inTraining(.gradientWait, .statistics).length)
    statistics = Double(inTraining(.statistics).length)
    gradientWait = Double(waits.length)
    transfer = Double(transfers.length)
    hiddenTransfer = Double(transfers.length - transfers.intersection(waits).length)
    evaluation = Double(covered { lane, _ in lane == .evaluation }.length)
    checkpoint = Double(covered { lane, _ in lane == .checkpoint }.length)
    let names = Set(trace.labels.filter { $0.kind == .phase }.map(\.text))
    phases = Dictionary(
      uniqueKeysWithValues: names.map { name in
        (name, Double(covered { _, label in label == TraceLabel(name, .phase) }.length))
      })
  }
}
