import Testing

@testable import Tracing

/// Times in milliseconds here.
private func event(_ label: Int, _ lane: TraceLane, _ start: Int64, _ end: Int64) -> TraceEvent {
  TraceEvent(label: label, lane: lane, start: start * 1_000_000, end: end * 1_000_000)
}

private let labels = [
  TraceLabel("discriminator step", .phase), TraceLabel("generator step", .phase),
  TraceLabel("batch norm", .statistics), TraceLabel("wait for bucket", .gradientWait),
  TraceLabel("bucket", .gradientTransfer), TraceLabel("conv", .compute), TraceLabel("scores", .evaluation),
  TraceLabel("save", .checkpoint), TraceLabel("adam", .update),
]

/// 100 ms: the discriminator's 60, the generator's 40, in which it sums statistics for 4 and waits for 6 + 2.
private let busy = RankTrace(
  rank: 0, node: "node0", labels: labels,
  events: [
    event(0, .compute, 0, 60), event(1, .compute, 60, 100), event(5, .compute, 0, 50), event(8, .compute, 55, 60),
    event(2, .compute, 10, 14), event(3, .compute, 50, 56), event(3, .compute, 90, 92),
    // Two buckets overlap: 30 to 56 and 70 to 92, 48 ms, of which 6 + 2 are waited for.
    event(4, .communication, 30, 50), event(4, .communication, 40, 56), event(4, .communication, 70, 92),
    event(6, .evaluation, 100, 180), event(5, .evaluation, 110, 150), event(7, .checkpoint, 20, 45),
  ], droppedCount: 3)

/// 100 ms at another time of day, of which it waits 20 + 10, statistics 10; transfers of 40 ms, 30 of them waited for.
private let waiting = RankTrace(
  rank: 1, node: "node1", labels: labels,
  events: [
    event(0, .compute, 1_000, 1_050), event(1, .compute, 1_050, 1_100), event(2, .compute, 1_000, 1_010),
    event(3, .compute, 1_020, 1_040), event(3, .compute, 1_090, 1_100),
    event(4, .communication, 1_010, 1_040), event(4, .communication, 1_090, 1_100),
  ])

@Suite struct TraceSummaryTests {
  func isClose(_ a: Double?, _ b: Double) -> Bool { abs((a ?? .nan) - b) < 1e-12 }

  @Test("shares of two ranks as computed by hand")
  func shares() {
    let summary = TraceSummary([busy, waiting])
    #expect(summary.rankCount == 2)
    #expect(isClose(summary.trainingSeconds, 0.1))
    #expect(summary.phases.map(\.name) == ["discriminator step", "generator step"])
    #expect(isClose(summary.phases[0].share, 0.55) && isClose(summary.phases[1].share, 0.45))
    // (12 + 40) of 200
    #expect(isClose(summary.exposedShare, 0.26))
    #expect(isClose(summary.largestExposedShare, 0.4) && summary.largestExposedRank == 1)
    #expect(isClose(summary.statisticsShare, 0.07) && isClose(summary.gradientWaitShare, 0.19))
    // (48 + 40) / 2, hidden (40 + 10) of 88
    #expect(isClose(summary.transferSeconds, 0.044) && isClose(summary.hiddenTransferShare, 50.0 / 88))
    #expect(isClose(summary.evaluationSeconds, 0.04) && isClose(summary.checkpointSeconds, 0.025))
    #expect(summary.droppedCount == 3)
  }

  @Test("the rank that waits least is the one that the others wait for")
  func straggler() {
    let straggler = TraceSummary([waiting, busy, waiting]).straggler
    #expect(straggler?.rank == 0 && straggler?.node == "node0")
    #expect(isClose(straggler?.waitShare, 0.12) && isClose(straggler?.othersWaitShare, 0.4))
    #expect(TraceSummary([busy, busy, busy]).straggler == nil)
    #expect(TraceSummary([busy]).straggler == nil)
  }

  @Test("less than a hundredth of the time makes no straggler", arguments: [(9, false), (11, true)] as [(Int64, Bool)])
  func threshold(wait: Int64, isStraggler: Bool) {
    let traces = [0, wait].enumerated().map { rank, wait in
      RankTrace(
        rank: rank, node: "n", labels: labels,
        events: [event(0, .compute, 0, 1_000), event(3, .compute, 0, wait)])
    }
    #expect((TraceSummary(traces).straggler?.rank == 0) == isStraggler)
  }

  @Test("a wait outside of any phase counts as training, work of an evaluation does not")
  func outside() {
    let trace = RankTrace(
      rank: 0, node: "n", labels: labels,
      events: [event(0, .compute, 0, 75), event(3, .compute, 75, 100), event(2, .evaluation, 200, 300)])
    let summary = TraceSummary([trace])
    #expect(isClose(summary.trainingSeconds, 0.1) && isClose(summary.exposedShare, 0.25))
    #expect(summary.statisticsShare == 0 && isClose(summary.evaluationSeconds, 0.1))
  }

  @Test("an empty trace has no time and no shares")
  func empty() {
    let summary = TraceSummary([RankTrace(rank: 0, node: "n", labels: [], events: [])])
    #expect(summary.trainingSeconds == 0 && summary.exposedShare == 0 && summary.hiddenTransferShare == nil)
    #expect(summary.phases.isEmpty && summary.text == "training traced  0.0 ms")
  }

  @Test("the table is aligned and in plain words")
  func table() {
    #expect(
      TraceSummary([busy, waiting]).text == """
        training traced          100.0 ms  each of 2 ranks
        discriminator step         55.0 %
        generator step             45.0 %
        exposed communication      26.0 %  at most 40.0 %, on rank 1
          norm statistics           7.0 %
          waiting for gradients    19.0 %
        gradients under way       44.0 ms  56.8 % of it hidden
        slowest rank                    0  on node0, waits 12.0 %, the others 40.0 %
        evaluation                40.0 ms  not in the shares above
        checkpoints               25.0 ms  in the background
        events not kept                 3  the trace is full: trace fewer iterations
        """)
  }
}
