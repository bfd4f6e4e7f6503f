import Graphs
import Tensors

// Connected elementwise operations of one shape become one blocked run, with the sums of what it makes or reads, unless
// that would make two units wait for each other. Broadcasts and constants are read by the runs that use them and join
// nothing.

extension Planner {
  /// More than this many functions in a run gain nothing and crowd the cache with registers.
  static let largestRun = 40
  /// A run gathers sums of at least so many numbers each: with fewer, the sums would be as long as what they sum.
  static let shortestSum = 8

  mutating func fuse() {
    dependencies = Dependencies(capacity: isLive.count { $0 })
    for index in graph.nodes.indices where isLive[index] {
      switch role(index) {
      case .stored, .constant, .view: continue
      case .broadcast:
        // Materialised only where something other than a fused run needs it.
        if isOutput[index] || users[index].contains(where: { !readsInStep($0) }) { addUnit(index, isFused: true) }
      case .elementwise:
        if absorb(index) { continue }
        addUnit(index, isFused: true)
        for input in graph.nodes[index].inputs where isFunction(input) { merge(unitOf[index]!, unitOf[input]!) }
      case .sum:
        addUnit(index, isFused: isGathered[index])
        let input = graph.nodes[index].inputs[0]
        if isFunction(input) { merge(unitOf[index]!, unitOf[input]!) }
      case .pool: addUnit(index, isFused: true)
      case .placement, .kernel, .inPlaceKernel, .effect: addUnit(index, isFused: false)
      }
    }
    // Sums of a value that no run makes join the runs that read it.
    for index in graph.nodes.indices where isLive[index] && isGathered[index] {
      let input = graph.nodes[index].inputs[0]
      guard unitOf[input] != unitOf[index] else { continue }
      for other in users[input] where readsInStep(other) { merge(unitOf[index]!, unitOf[other]!) }
    }
  }

  /// Gives a bias, or the LeakyReLU behind it, to the product that it follows. True if that worked.
  private mutating func absorb(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    guard let unit = node.inputs.compactMap({ unitOf[$0] }).first(where: { absorbs(index, into: $0) }) else {
      return false
    }
    if case .elementwise(.leakyRelu(let slope)) = role(index) {
      units[unit].epilogue?.slope = slope
    } else {
      guard let bias = node.inputs.compactMap({ columnVector($0, for: node.shape) }).first else { return false }
      units[unit].epilogue = Unit.Epilogue(bias: bias)
    }
    units[unit].nodes.append(index)
    unitOf[index] = unit
    dependencies.extend(unit, by: sources(of: unit))
    return true
  }

  private func absorbs(_ index: Int, into unit: Int) -> Bool {
    let node = graph.nodes[index]
    let last = units[unit].nodes.last!
    guard
      let product = graph.nodes[units[unit].nodes[0]].operation as? MatrixProduct, node.inputs.contains(last),
      users[last] == [index], !isOutput[last], node.epoch == graph.nodes[last].epoch
    else { return false }
    switch role(index) {
    case .elementwise(.add):
      let operands = graph.nodes[units[unit].nodes[0]].inputs.map { graph.nodes[$0].shape }
      return units[unit].nodes.count == 1 && node.shape.rank == 2 && product.geometry(operands).takesEpilogue
    case .elementwise(.leakyRelu): return units[unit].epilogue != nil && units[unit].epilogue?.slope == nil
    default: return false
    }
  }

  /// The vector that a broadcast repeats over all rows of a matrix, if that is what the node does.
  private func columnVector(_ index: Int, for shape: Shape) -> Int? {
    guard case .broadcast = role(index) else { return nil }
    let source = graph.nodes[index].inputs[0]
    return graph.nodes[source].shape.count == shape.last && graph.nodes[source].shape.last == shape.last ? source : nil
  }

  private mutating func addUnit(_ index: Int, isFused: Bool) {
    unitOf[index] = units.count
    units.append(Unit(nodes: [index], isFused: isFused))
    dependencies.append(waitingFor: sources(of: units.count - 1))
  }

  /// Makes one run of two, where they walk the same space and neither waits for the other's end.
  private mutating func merge(_ a: Int, _ b: Int) {
    let (x, y) = (units[a].nodes.first, units[b].nodes.first)
    guard
      a != b, units[a].isFused, units[b].isFused, let x, let y, space(of: x) == space(of: y),
      graph.nodes[x].epoch == graph.nodes[y].epoch,
      units[a].nodes.count + units[b].nodes.count <= Self.largestRun, !waits(a, for: b), !waits(b, for: a)
    else { return }
    let (into, from) = (min(a, b), max(a, b))
    for node in units[from].nodes { unitOf[node] = into }
    units[into].nodes = (units[into].nodes + units[from].nodes).sorted()
    units[from].nodes = []
    dependencies.merge(into, with: from)
  }

  /// True if `unit` needs `other` to end before it starts: it depends on it through some third unit, or reads what the
  /// other makes in another way than element by element.
  private func waits(_ unit: Int, for other: Int) -> Bool {
    guard dependencies.contains(other, of: unit) else { return false }
    return sources(of: unit).contains { $0 != other && dependencies.contains(other, of: $0) }
      || units[unit].nodes.contains { node in
        graph.nodes[node].inputs.contains { needsAll($0, of: other, inStep: readsInStep(node)) }
      }
  }

  private func needsAll(_ input: Int, of other: Int, inStep: Bool) -> Bool {
    if let unit = unitOf[input] { return unit == other && (!inStep || isGathered[input]) }
    var isIdentity = false
    if case .view(offset: 0) = role(input) {
      isIdentity = graph.nodes[input].shape.count == graph.nodes[graph.nodes[input].inputs[0]].shape.count
    }
    return graph.nodes[input].inputs.contains { needsAll($0, of: other, inStep: inStep && isIdentity) }
  }

  /// The units whose values a unit uses, through views and broadcasts that are not materialised; and of a collective
  /// the one before.
  func sources(of unit: Int) -> Set<Int> {
    var found: Set<Int> = []
    for node in units[unit].members {
      for input in graph.nodes[node].inputs where !units[unit].copies.contains(input) {
        collectSource(input, into: &found)
      }
      if let earlier = previousCollective[node], let source = unitOf[earlier] { found.insert(source) }
    }
    found.remove(unit)
    return found
  }

  private func collectSource(_ index: Int, into found: inout Set<Int>) {
    if let unit = unitOf[index] {
      found.insert(unit)
    } else {
      for input in graph.nodes[index].inputs { collectSource(input, into: &found) }
    }
  }
}
