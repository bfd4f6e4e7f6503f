import Graphs

// A value that a run stores for others alone costs a write and a read for each of them. Where it is a few cheap functions
// of what is in memory anyway, those that want it compute it again: the centred images of a batch norm, for one, which
// its gradient makes from the images themselves.

extension Planner {
  /// Longer chains are worth a trip through memory.
  static let longestChain = 4

  /// Copies functions into the runs that read them wherever that moves fewer bytes.
  mutating func recompute() {
    for index in graph.nodes.indices where isLive[index] && isCheap(index) && isNeededInMemory(index) {
      guard let home = unitOf[index], units[home].isFused, let readers = runsThatRead(index) else { continue }
      let size = graph.nodes[index].shape.count
      var moved = 0
      var copies: [(unit: Int, chain: Set<Int>)] = []
      for reader in readers {
        guard let (chain, bytes) = chain(endingIn: index, for: reader) else { break }
        moved += bytes
        copies.append((reader, chain))
      }
      guard copies.count == readers.count, moved < size * (1 + readers.count) else { continue }
      for (unit, chain) in copies {
        units[unit].copies.formUnion(chain)
        for node in chain { copiedIn[node].append(unit) }
      }
    }
    dropUnused()
  }

  /// The runs other than its own that read a value, if nobody else does.
  private func runsThatRead(_ index: Int) -> Set<Int>? {
    guard !isOutput[index] else { return nil }
    var found: Set<Int> = []
    for user in users[index] {
      guard readsInStep(user) else { return nil }
      for unit in unitsThatCompute(user) where unit != unitOf[index] && !units[unit].copies.contains(index) {
        guard units[unit].isFused, canMove(index, to: user) else { return nil }
        found.insert(unit)
      }
    }
    return found
  }

  private func isCheap(_ index: Int) -> Bool {
    guard case .elementwise(let function) = role(index) else { return false }
    switch function {
    case .add, .subtract, .multiply, .maximum, .minimum, .greater, .equal, .select, .negate, .absolute, .sign, .square,
      .leakyRelu:
      return true
    case .divide, .exp, .log, .tanh, .sigmoid, .squareRoot, .reciprocal, .softplus: return false
    }
  }

  /// What a run must compute to have a value of another, and how many floats it would read for that and does not yet.
  private func chain(endingIn index: Int, for unit: Int) -> (nodes: Set<Int>, floats: Int)? {
    let known = Set(units[unit].nodes).union(units[unit].copies)
    let read = Set(known.flatMap { graph.nodes[$0].inputs })
    var (chain, leaves): (Set<Int>, Set<Int>) = ([index], [])
    var pending = graph.nodes[index].inputs
    while let input = pending.popLast() {
      if known.contains(input) || chain.contains(input) { continue }
      if isFunction(input), !isNeededInMemory(input) {
        guard isCheap(input) else { return nil }
        chain.insert(input)
        pending += graph.nodes[input].inputs
      } else if !read.contains(input) {
        leaves.insert(input)
      }
    }
    guard chain.count <= Self.longestChain, known.count + chain.count <= Self.largestRun else { return nil }
    let floats = leaves.reduce(0) { total, leaf in
      switch role(leaf) {
      case .constant: total
      case .broadcast: total + graph.nodes[graph.nodes[leaf].inputs[0]].shape.count
      default: total + graph.nodes[leaf].shape.count
      }
    }
    return (chain, floats)
  }

  /// Takes functions out of runs that made them for others alone.
  private mutating func dropUnused() {
    for index in graph.nodes.indices.reversed() where isLive[index] && !copiedIn[index].isEmpty {
      let wanting = Set(users[index].flatMap(unitsThatCompute))
      for unit in copiedIn[index] where !wanting.contains(unit) { units[unit].copies.remove(index) }
      copiedIn[index].removeAll { !wanting.contains($0) }
      guard let home = unitOf[index], !isNeededInMemory(index), !wanting.contains(home) else { continue }
      let heir = copiedIn[index].removeFirst()
      units[home].nodes.removeAll { $0 == index }
      units[heir].copies.remove(index)
      units[heir].nodes = (units[heir].nodes + [index]).sorted()
      unitOf[index] = heir
    }
  }
}
