import Graphs

// Execution order: topological, in the order of creation wherever that leaves a choice, except that urgent operations
// come first. Effects are walls: what was made before an effect runs before it, what was made after it runs after it.

extension Planner {
  mutating func order() {
    let alive = units.indices.filter { !units[$0].nodes.isEmpty }
    var waitingFor = [Int](repeating: 0, count: units.count)
    var dependants = [[Int]](repeating: [], count: units.count)
    for unit in alive {
      let sources = sources(of: unit)
      waitingFor[unit] = sources.count
      for source in sources { dependants[source].append(unit) }
    }
    let urgency = units.indices.map { unit in
      units[unit].nodes.last.map { node in
        Urgency(epoch: epoch(unit), node: graph.nodes[node].operation.isUrgent ? -1 : node)
      } ?? Urgency(epoch: 0, node: 0)
    }
    // Sorted, the most urgent last.
    var ready = alive.filter { waitingFor[$0] == 0 }.sorted { urgency[$0] > urgency[$1] }
    var ordered: [Unit] = []
    ordered.reserveCapacity(alive.count)
    var position = [Int](repeating: -1, count: units.count)
    while let unit = ready.popLast() {
      position[unit] = ordered.count
      ordered.append(units[unit])
      for dependant in dependants[unit] {
        waitingFor[dependant] -= 1
        guard waitingFor[dependant] == 0 else { continue }
        var (low, high) = (0, ready.count)
        while low < high {
          let middle = (low + high) / 2
          if urgency[ready[middle]] > urgency[dependant] { low = middle + 1 } else { high = middle }
        }
        ready.insert(dependant, at: low)
      }
    }
    precondition(ordered.count == alive.count, "fusion made \(alive.count - ordered.count) units wait in a circle")
    for node in unitOf.indices {
      unitOf[node] = unitOf[node].map { position[$0] }
      copiedIn[node] = copiedIn[node].map { position[$0] }
    }
    units = ordered
  }

  private struct Urgency: Comparable {
    let epoch: Int
    let node: Int
    static func < (a: Urgency, b: Urgency) -> Bool { (a.epoch, a.node) < (b.epoch, b.node) }
  }

  /// Position among the walls: an effect closes the epoch that it was made in.
  private func epoch(_ unit: Int) -> Int {
    // Functions that were moved here may be older than those that they were moved to.
    guard let last = units[unit].nodes.last else { return 0 }
    if case .effect = role(last) { return 2 * graph.nodes[last].epoch + 1 }
    return 2 * graph.nodes[last].epoch
  }
}
