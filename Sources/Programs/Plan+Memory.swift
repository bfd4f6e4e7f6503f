/// What lies in the arena while a program runs.
extension Plan {
  /// A stretch of the arena for a time.
  public struct MemoryPlace: Hashable, Sendable {
    public enum Use: String, Hashable, Sendable {
      case value
      /// What a kernel scribbles on while it runs.
      case workspace
    }

    public let use: Use
    /// What makes the value, or needs the workspace.
    public let operation: String
    public let layer: String
    /// In floats from the arena's start.
    public let offset: Int
    /// Floats.
    public let count: Int
    /// Positions of the units during which it is taken; what a value hands over to the next one ends with the unit that
    /// begins the other.
    public let units: Range<Int>
  }

  /// Floats in use while each unit runs, the scratch that all runs share included; never more than `arenaCount`.
  public var memoryInUse: [Int] {
    var used = Array(repeating: scratchCount, count: units.count)
    for places in Dictionary(grouping: memory, by: \.offset).values {
      // Of two values of which one takes over the other's place, one counts.
      var last: Int?
      for place in places.sorted(by: { $0.units.lowerBound < $1.units.lowerBound }) {
        for unit in place.units where last.map({ unit > $0 }) ?? true { used[unit] += place.count }
        last = max(last ?? 0, place.units.upperBound - 1)
      }
    }
    return used
  }

  /// The unit during which most of the arena is in use, and what lies there then, the largest first.
  public var fullest: (unit: Int, places: [MemoryPlace])? {
    let used = memoryInUse
    guard let unit = used.indices.max(by: { used[$0] < used[$1] }) else { return nil }
    return (unit, memory.filter { $0.units.contains(unit) }.sorted { $0.count > $1.count })
  }
}
