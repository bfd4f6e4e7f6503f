/// Stretches of time that do not touch each other, in order: what is left of events when only "then or not" counts.
struct IntervalSet: Equatable {
  private(set) var intervals: [Range<Int64>] = []

  /// The union; stretches without length (or that end before they start) are nothing.
  init(_ events: [Range<Int64>]) {
    for event in events.sorted(by: { $0.lowerBound < $1.lowerBound }) where !event.isEmpty {
      if let last = intervals.last, event.lowerBound <= last.upperBound {
        intervals[intervals.count - 1] = last.lowerBound..<Swift.max(last.upperBound, event.upperBound)
      } else {
        intervals.append(event)
      }
    }
  }

  /// Nanoseconds in all.
  var length: Int64 { intervals.reduce(0) { $0 + $1.upperBound - $1.lowerBound } }

  /// What lies in both.
  func intersection(_ other: IntervalSet) -> IntervalSet {
    var (result, mine, theirs) = (IntervalSet([]), 0, 0)
    while mine < intervals.count, theirs < other.intervals.count {
      let common = intervals[mine].clamped(to: other.intervals[theirs])
      if !common.isEmpty { result.intervals.append(common) }
      if intervals[mine].upperBound < other.intervals[theirs].upperBound { mine += 1 } else { theirs += 1 }
    }
    return result
  }
}
