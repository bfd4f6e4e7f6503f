import Graphs
import Tensors

// Connected elementwise operations of one shape become one blocked run, unless that would make two units wait for
// each other. Broadcasts and constants are read by the runs that use them and join nothing.

extension Planner {
  /// More than this many functions in a run gain nothing and crowd the cache with registers.
  static let largestRun = 40

  mutating func fuse() {
    for index in graph.nodes.indices where isLive[index] {
      switch role(index) {
      case .stored, .constant, .view: continue
      case .broadcast:
        // Materialised only where something other than a fused run needs it.
        if outputs.contains(index) || users[index].contains(where: { !isElementwise($0) }) {
          addUnit(index, isFused: true)
        }
      case .elementwise:
        if absorb(index) { continue }
        addUnit(index, isFused: true)
        for input in graph.nodes[index].inputs where isElementwise(input) {
          mergeIfPossible(unitOf[index]!, unitOf[input]!, joining: index, input)
        }
      case .placement, .kernel, .inPlaceKernel, .effect: addUnit(index, isFused: false)
      }
    }
  }

  /// Gives a bias, or the LeakyReLU behind it, to the product that it follows. True if that worked.
  private mutating func absorb(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    guard let unit = node.inputs.compactMap({ unitOf[$0] }).first(where: { absorbs(index, into: $0) }) else {
      return false
    }
    if case .elementwise(.leakyRelu(let slope)) = node.operation.role {
      units[unit].epilogue?.slope = slope
    } else {
      guard let bias = node.inputs.compactMap({ columnVector($0, for: node.shape) }).first else { return false }
      units[unit].epilogue = Unit.Epilogue(bias: bias)
    }
    units[unit].nodes.append(index)
    unitOf[index] = unit
    return true
  }

  private func absorbs(_ index: Int, into unit: Int) -> Bool {
    let node = graph.nodes[index]
    let last = units[unit].nodes.last!
    guard
      let product = graph.nodes[units[unit].nodes[0]].operation as? MatrixProduct, node.inputs.contains(last),
      users[last] == [index], !outputs.contains(last), node.epoch == graph.nodes[last].epoch
    else { return false }
    switch node.operation.role {
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
  }

  private mutating func mergeIfPossible(_ a: Int, _ b: Int, joining x: Int, _ y: Int) {
    guard
      a != b, units[a].isFused, units[b].isFused, graph.nodes[x].shape == graph.nodes[y].shape,
      graph.nodes[x].epoch == graph.nodes[y].epoch,
      units[a].nodes.count + units[b].nodes.count <= Self.largestRun,
      !isReachable(b, from: a), !isReachable(a, from: b)
    else { return }
    let (into, from) = (min(a, b), max(a, b))
    for node in units[from].nodes { unitOf[node] = into }
    units[into].nodes = (units[into].nodes + units[from].nodes).sorted()
    units[from].nodes = []
  }

  /// True if `start` depends on `target` through some third unit.
  private func isReachable(_ target: Int, from start: Int) -> Bool {
    var seen: Set<Int> = [start, target]
    var pending: [Int] = []
    func visit(_ unit: Int, skippingTarget: Bool) -> Bool {
      for source in sources(of: unit) {
        if source == target, !skippingTarget { return true }
        if seen.insert(source).inserted { pending.append(source) }
      }
      return false
    }
    if visit(start, skippingTarget: true) { return true }
    while let unit = pending.popLast() {
      if visit(unit, skippingTarget: false) { return true }
    }
    return false
  }

  /// The units whose values a unit uses, through views and broadcasts that are not materialised; and of a collective
  /// the one before.
  func sources(of unit: Int) -> Set<Int> {
    var found: Set<Int> = []
    for node in units[unit].nodes {
      for input in graph.nodes[node].inputs { collectSource(input, into: &found) }
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
