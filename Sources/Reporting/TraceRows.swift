import Tracing

/// The rows that a rank's events are shown in: one for each lane, and further ones where events of a lane overlap without
/// one lying inside the other, which viewers cannot show in one row.
struct TraceRows {
  struct Row: Equatable {
    let number: Int
    let name: String
    /// Place among the rank's rows from the top.
    let order: Int
  }

  struct Placed {
    let event: TraceEvent
    let row: Int
  }

  /// More than a viewer shows at a glance.
  private static let rowsPerLane = 100

  private(set) var rows: [Row] = []
  /// By start.
  private(set) var events: [Placed] = []

  init(_ trace: RankTrace) {
    for lane in TraceLane.allCases {
      let ordered = trace.events.filter { $0.lane == lane }.sorted(by: Self.isInOrder)
      // For each row of the lane, the ends of the events that are still open, outermost first.
      var open: [[Int64]] = []
      for event in ordered {
        for row in open.indices {
          while let end = open[row].last, end <= event.start { open[row].removeLast() }
        }
        // Two buckets under way are two things, even when one comes and goes during the other.
        let mayNest = lane != .communication
        let free = open.firstIndex { $0.last.map { mayNest && $0 >= event.end } ?? true }
        let row = min(free ?? open.count, Self.rowsPerLane - 1)
        if row == open.count { open.append([]) }
        open[row].append(event.end)
        events.append(Placed(event: event, row: Self.number(lane, row)))
      }
      rows += open.indices.map { row in
        Row(
          number: Self.number(lane, row), name: row == 0 ? lane.words : "\(lane.words) \(row + 1)",
          order: Int(lane.rawValue) * Self.rowsPerLane + row)
      }
    }
  }

  /// The lane's own number, as long as it needs one row.
  private static func number(_ lane: TraceLane, _ row: Int) -> Int {
    Int(lane.rawValue) + row * TraceLane.allCases.count
  }

  /// By start; of equal starts the longer first, so that the shorter lies inside.
  static func isInOrder(_ a: TraceEvent, _ b: TraceEvent) -> Bool { (a.start, b.end) < (b.start, a.end) }
}
