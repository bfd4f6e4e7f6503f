import Graphs
import Kernels

// Every value that must exist gets a place: in a block, inside a joined tensor, in the memory of a value that ends
// here, or in the arena, where places are reused as soon as the last user has run.

extension Planner {
  /// Lets producers write straight into the tensors that join them (concatenated batches, packed gradients).
  mutating func placeJoinedInputs() {
    for index in graph.nodes.indices.reversed() where isLive[index] {
      guard case .placement(let offsets, _) = role(index) else { continue }
      for (offset, input) in zip(offsets, graph.nodes[index].inputs) {
        let (node, start) = base(input)
        guard
          start == 0, graph.nodes[node].shape.count == graph.nodes[input].shape.count, placedIn[node] == nil,
          node != index, unitOf[node] != nil, graph.nodes[node].epoch == graph.nodes[index].epoch,
          canBePlaced(node)
        else { continue }
        placedIn[node] = (index, offset)
      }
    }
  }

  private func canBePlaced(_ node: Int) -> Bool {
    switch role(node) {
    case .kernel, .elementwise, .broadcast, .sum, .pool: return true
    case .placement(_, let destination): return destination == nil
    case .stored, .constant, .view, .inPlaceKernel, .effect: return false
    }
  }

  /// Chooses the places of all values, and the size of the arena.
  mutating func assignMemory() {
    for position in units.indices where units[position].isFused {
      units[position].run = fusedRun(of: units[position])
    }
    scratchCount = units.compactMap(\.run).map { $0.layout.scratchCount(parts: threads) }.max() ?? 0
    findTakeovers()

    var arena = ArenaLayout(reserving: scratchCount)
    let lastUse = lastUses()
    var ending = [[Int]](repeating: [], count: units.count)
    for (root, last) in lastUse.sorted(by: { $0.key < $1.key }) where last < units.count {
      ending[last].append(root)
    }
    var placeOfRoot: [Int: Int] = [:]
    for position in units.indices {
      for node in units[position].nodes where !units[position].hasInnerValues || isNeededInMemory(node) {
        let root = location(of: node).root
        guard placeOfRoot[root] == nil, ownsArenaMemory(root) else { continue }
        let place: Int
        if let dying = reusableInput(for: node, at: position, among: ending[position], placeOfRoot) {
          place = placeOfRoot[dying]!
          ending[position].removeAll { $0 == dying }
        } else {
          place = arena.allocate(graph.nodes[root].shape.count)
        }
        placeOfRoot[root] = place
        let end = min(lastUse[root] ?? position, units.count - 1)
        record(.value, of: root, at: place, graph.nodes[root].shape.count, units: position..<end + 1)
      }
      let scratch = workspaceCount(units[position])
      if scratch > 0 {
        units[position].workspace = arena.allocate(scratch)
        arena.free(units[position].workspace, scratch)
        let node = units[position].nodes[0]
        record(.workspace, of: node, at: units[position].workspace, scratch, units: position..<position + 1)
      }
      for root in ending[position] {
        if let place = placeOfRoot[root] { arena.free(place, graph.nodes[root].shape.count) }
      }
    }
    arenaCount = arena.count
    for index in graph.nodes.indices where isLive[index] {
      let (root, offset) = location(of: index)
      switch role(root) {
      case .stored(let block, let start): storage[index] = .block(block, start + offset)
      case .constant(let number): storage[index] = .constant(number)
      case .placement(_, let destination?): storage[index] = .block(destination, offset)
      default: storage[index] = placeOfRoot[root].map { .arena($0 + offset) }
      }
    }
  }

  private mutating func record(
    _ use: Plan.MemoryPlace.Use, of node: Int, at offset: Int, _ count: Int, units: Range<Int>
  ) {
    memoryPlaces.append(
      Plan.MemoryPlace(
        use: use, operation: graph.nodes[node].operation.name, layer: graph.nodes[node].layer, offset: offset,
        count: count, units: units))
  }

  /// The node that owns the memory of a value, and where in that memory the value starts.
  private func location(of index: Int) -> (root: Int, offset: Int) {
    var (node, offset) = base(index)
    while true {
      if let place = placedIn[node] {
        node = place.node
        offset += place.offset
      } else if takesOver.contains(node) {
        let input = base(graph.nodes[node].inputs[0])
        node = input.node
        offset += input.offset
      } else {
        return (node, offset)
      }
    }
  }

  private func ownsArenaMemory(_ root: Int) -> Bool {
    switch role(root) {
    case .stored, .constant, .view, .effect: false
    case .placement(_, let destination): destination == nil
    case .elementwise, .broadcast, .sum, .pool, .kernel, .inPlaceKernel: true
    }
  }

  /// Kernels that work in place do so where nobody needs their input afterwards.
  private mutating func findTakeovers() {
    for (position, unit) in units.enumerated() {
      let node = unit.nodes[0]
      guard case .inPlaceKernel = role(node) else { continue }
      let input = base(graph.nodes[node].inputs[0]).node
      switch role(input) {
      case .stored, .constant: continue
      default: break
      }
      guard !isNeeded(input, after: position), graph.nodes[input].shape.count == graph.nodes[node].shape.count
      else { continue }
      // Values that share the memory without being the input: its parts, and what it is a part of.
      let root = location(of: input).root
      let others = Set([root]).union(placedIn.keys).union(takesOver).filter {
        isLive[$0] && $0 != input && base($0).node == $0 && location(of: $0).root == root
          && isNeeded($0, after: position)
      }
      guard others.allSatisfy({ lies($0, in: input) }) else { continue }
      // Parts that live longer keep a place of their own and are copied.
      for part in others { placedIn[part] = nil }
      takesOver.insert(node)
    }
  }

  private func isNeeded(_ index: Int, after position: Int) -> Bool {
    isShown(index) || usePositions(index).contains { $0 > position }
  }

  /// True if `part` is written straight into `whole`, or into what is.
  private func lies(_ part: Int, in whole: Int) -> Bool {
    var node = part
    while let place = placedIn[node] {
      if place.node == whole { return true }
      node = place.node
    }
    return false
  }

  /// True if an output looks at the value's memory.
  private func isShown(_ index: Int) -> Bool { outputs.contains { base($0).node == index } }

  /// Per root, the position of the last unit that touches its memory; outputs last for ever.
  private func lastUses() -> [Int: Int] {
    var last: [Int: Int] = [:]
    for index in graph.nodes.indices where isLive[index] {
      let root = location(of: index).root
      var position = (usePositions(index) + [unitOf[index]].compactMap { $0 }).max() ?? 0
      if isOutput[index] { position = .max }
      last[root] = max(last[root] ?? 0, position)
    }
    return last
  }

  /// A value of the same size that ends with this fused run and is read in step with what the run writes.
  private func reusableInput(
    for node: Int, at position: Int, among ending: [Int], _ placeOfRoot: [Int: Int]
  ) -> Int? {
    guard let run = units[position].run, location(of: node).root == node else { return nil }
    return ending.first { candidate in
      guard
        placeOfRoot[candidate] != nil, graph.nodes[candidate].shape.count == graph.nodes[node].shape.count,
        unitOf[candidate] != position
      else { return false }
      return run.canWrite(node, over: candidate) { location(of: $0) }
    }
  }

  private func workspaceCount(_ unit: Unit) -> Int {
    guard !unit.isFused else { return 0 }
    let node = graph.nodes[unit.nodes[0]]
    return node.operation.workspaceCount(
      inputs: node.inputs.map { graph.nodes[$0].shape }, output: node.shape, threads: threads)
  }
}

/// Places in the arena, first fit, every one on a cache line.
struct ArenaLayout {
  private(set) var count: Int
  /// Free stretches below `count`, ascending, never touching each other.
  private var holes: [Range<Int>] = []

  init(reserving first: Int) { count = Self.rounded(first) }

  static func rounded(_ floats: Int) -> Int { (max(1, floats) + 15) / 16 * 16 }

  mutating func allocate(_ floats: Int) -> Int {
    let size = Self.rounded(floats)
    if let index = holes.firstIndex(where: { $0.count >= size }) {
      let start = holes[index].lowerBound
      holes[index] = start + size..<holes[index].upperBound
      if holes[index].isEmpty { holes.remove(at: index) }
      return start
    }
    // Grow from the last hole where that touches the end.
    let start = holes.last?.upperBound == count ? holes.removeLast().lowerBound : count
    count = start + size
    return start
  }

  mutating func free(_ start: Int, _ floats: Int) {
    var freed = start..<start + Self.rounded(floats)
    let index = holes.firstIndex { $0.lowerBound > start } ?? holes.count
    holes.insert(freed, at: index)
    if index + 1 < holes.count, holes[index + 1].lowerBound == freed.upperBound {
      freed = freed.lowerBound..<holes.remove(at: index + 1).upperBound
      holes[index] = freed
    }
    if index > 0, holes[index - 1].upperBound == freed.lowerBound {
      holes[index - 1] = holes[index - 1].lowerBound..<freed.upperBound
      holes.remove(at: index)
    }
  }
}
