/// The events of one rank, and who it was.
public struct RankTrace: Equatable, Sendable {
  public let rank: Int
  /// The host that it ran on.
  public let node: String
  public let labels: [TraceLabel]
  public let events: [TraceEvent]
  /// Events that there was no room for.
  public let droppedCount: Int
  /// How far the times may be off from rank 0's, in nanoseconds.
  public let uncertainty: Int64

  /// - Precondition: every event's label is one of `labels`.
  public init(
    rank: Int, node: String, labels: [TraceLabel], events: [TraceEvent], droppedCount: Int = 0, uncertainty: Int64 = 0
  ) {
    precondition(events.allSatisfy { labels.indices.contains($0.label) }, "rank \(rank): an event without label")
    (self.rank, self.node, self.labels, self.events) = (rank, node, labels, events)
    (self.droppedCount, self.uncertainty) = (droppedCount, uncertainty)
  }

  /// What `recorder` holds so far.
  public init(_ recorder: TraceRecorder, rank: Int, node: String) {
    let events = [recorder.owner, recorder.checkpoints].flatMap { buffer in
      buffer.contents.map { event in
        TraceEvent(
          label: Int(event.name), lane: TraceLane(rawValue: UInt8(event.lane)) ?? .compute,
          start: Int64(event.start), end: Int64(event.end))
      }
    }
    self.init(
      rank: rank, node: node, labels: recorder.labels, events: events, droppedCount: recorder.droppedCount)
  }

  /// The same in another clock, which shows `offset` nanoseconds more.
  public func shifted(by offset: Int64, uncertainty: Int64) -> RankTrace {
    RankTrace(
      rank: rank, node: node, labels: labels,
      events: events.map {
        TraceEvent(label: $0.label, lane: $0.lane, start: $0.start + offset, end: $0.end + offset)
      },
      droppedCount: droppedCount, uncertainty: uncertainty)
  }

  func label(of event: TraceEvent) -> TraceLabel { labels[event.label] }
}
