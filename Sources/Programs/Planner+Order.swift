import Graphs

// Execution order: topological, in the order of creation wherever that leaves a choice. Effects are walls: what was
// made before an effect runs before it, what was made after it runs after it.

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
    var ready = alive.filter { waitingFor[$0] == 0 }
    var ordered: [Unit] = []
    ordered.reserveCapacity(alive.count)
    var position = [Int](repeating: -1, count: units.count)
    while !ready.isEmpty {
      let next = ready.indices.min { isEarlier(ready[$0], ready[$1]) }!
      let unit = ready.remove(at: next)
      position[unit] = ordered.count
      ordered.append(units[unit])
      for dependant in dependants[unit] {
        waitingFor[dependant] -= 1
        if waitingFor[dependant] == 0 { ready.append(dependant) }
      }
    }
    precondition(ordered.count == alive.count, "fusion made \(alive.count - ordered.count) units wait in a circle")
    for node in unitOf.indices { unitOf[node] = unitOf[node].map { position[$0] } }
    units = ordered
  }

  private func isEarlier(_ a: Int, _ b: Int) -> Bool {
    (epoch(a), units[a].nodes.last!) < (epoch(b), units[b].nodes.last!)
  }

  /// Position among the walls: an effect closes the epoch that it was made in.
  private func epoch(_ unit: Int) -> Int {
    let node = graph.nodes[units[unit].nodes[0]]
    if case .effect = node.operation.role { return 2 * node.epoch + 1 }
    return 2 * node.epoch
  }
}
