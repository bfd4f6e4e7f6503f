import Graphs
import Kernels
import Tensors

/// The working state of planning; each step is an extension in a file of its own.
struct Planner {
  let graph: Graph
  let outputs: [Int]
  let threads: Int
  let isOutput: [Bool]
  /// Per node: asking the operation itself takes longer than the rest of planning.
  private let roles: [OperationRole]
  /// Sums that runs gather, per node.
  let isGathered: [Bool]
  var isLive: [Bool]
  /// Indices of live nodes that use a node's value.
  var users: [[Int]]
  /// Per node, the unit that computes it; nil for stored values, constants, views and virtual broadcasts.
  var unitOf: [Int?]
  /// Per node, the other units that compute it again.
  var copiedIn: [[Int]]
  var units: [Unit] = []
  var dependencies = Dependencies(capacity: 0)
  var storage: [Storage?]
  /// Per node placed in a joined tensor: that tensor's node, and the offset in it.
  var placedIn: [Int: (node: Int, offset: Int)] = [:]
  /// Per live collective, the one of its kind made before it: they run in this order on every rank, whatever its samples
  /// let fuse. Those that only start something do not wait for those that block, nor these for them.
  var previousCollective: [Int: Int] = [:]
  /// In-place kernels that work in the memory of their input.
  var takesOver: Set<Int> = []
  var arenaCount = 0
  var scratchCount = 0
  var memoryPlaces: [Plan.MemoryPlace] = []

  init(graph: Graph, outputs: [Int], threads: Int) {
    self.graph = graph
    self.outputs = outputs
    self.threads = threads
    var isOutput = [Bool](repeating: false, count: graph.nodes.count)
    for index in outputs { isOutput[index] = true }
    self.isOutput = isOutput
    let roles = graph.nodes.map(\.operation.role)
    self.roles = roles
    isGathered = graph.nodes.indices.map { index in
      guard case .sum = roles[index] else { return false }
      let node = graph.nodes[index]
      return Self.shortestSum * node.shape.count <= graph.nodes[node.inputs[0]].shape.count
    }
    isLive = Array(repeating: false, count: graph.nodes.count)
    users = Array(repeating: [], count: graph.nodes.count)
    unitOf = Array(repeating: nil, count: graph.nodes.count)
    copiedIn = Array(repeating: [], count: graph.nodes.count)
    storage = Array(repeating: nil, count: graph.nodes.count)
  }

  /// Marks what the outputs and the effects need; the rest is never computed.
  mutating func findLiveNodes() {
    var pending = outputs + graph.effects
    while let index = pending.popLast() {
      if isLive[index] { continue }
      isLive[index] = true
      pending += graph.nodes[index].inputs
    }
    for index in graph.nodes.indices where isLive[index] {
      for input in Set(graph.nodes[index].inputs) { users[input].append(index) }
    }
    for isStart in [false, true] {
      let collectives = graph.nodes.indices.filter {
        isLive[$0] && graph.nodes[$0].operation.isCollective && graph.nodes[$0].operation is StartSum == isStart
      }
      for (earlier, later) in zip(collectives, collectives.dropFirst()) { previousCollective[later] = earlier }
    }
  }

  /// Stops where a value that lies in a block is used only after an effect has written that block: it would be the new
  /// one, although it was read before.
  func checkReads() {
    for index in graph.nodes.indices where isLive[index] {
      let user = graph.nodes[index]
      for input in user.inputs {
        var read = base(input).node
        if readsInStep(index), case .broadcast = role(read) { read = base(graph.nodes[read].inputs[0]).node }
        guard case .stored(let block, _) = role(read), graph.nodes[read].epoch < user.epoch else { continue }
        for effect in graph.effects[graph.nodes[read].epoch..<user.epoch] {
          guard case .effect(let writes) = role(effect) else { continue }
          precondition(
            !writes.contains(block),
            "\(user.operation.name) of \(user.layer) uses \(block.name) as read before \(graph.nodes[effect].operation.name)"
              + " writes it; read it again, or copy it before")
        }
      }
    }
  }

  func role(_ index: Int) -> OperationRole { roles[index] }

  /// The node whose memory a view looks at, and how many floats in.
  func base(_ index: Int) -> (node: Int, offset: Int) {
    var (node, offset) = (index, 0)
    while case .view(let more) = role(node) {
      offset += more
      node = graph.nodes[node].inputs[0]
    }
    return (node, offset)
  }

  func isElementwise(_ index: Int) -> Bool {
    if case .elementwise = role(index) { return true }
    return false
  }

  /// True for what a run computes element by element of its own shape.
  func isFunction(_ index: Int) -> Bool {
    switch role(index) {
    case .elementwise, .pool: true
    case .stored, .constant, .view, .broadcast, .sum, .placement, .kernel, .inPlaceKernel, .effect: false
    }
  }

  /// True if a function can be computed where a later one is: no effect between them writes anything, though a segment may
  /// have ended. What runs between segments leaves alone what the segment before has read.
  func canMove(_ index: Int, to later: Int) -> Bool {
    let (first, last) = (graph.nodes[index].epoch, graph.nodes[later].epoch)
    return first <= last && graph.effects[first..<last].allSatisfy { graph.nodes[$0].operation is SegmentEnd }
  }

  /// True if a node reads element i of its inputs when its run is at element i.
  func readsInStep(_ index: Int) -> Bool { isElementwise(index) || isGathered[index] }

  /// The shape that the run of a node counts through.
  func space(of index: Int) -> Shape {
    graph.nodes[isGathered[index] ? graph.nodes[index].inputs[0] : index].shape
  }

  /// True if a value must exist in memory: somebody outside of its own fused run looks at it.
  func isNeededInMemory(_ index: Int) -> Bool {
    isOutput[index] || users[index].contains { !isReadInside(index, by: $0) }
  }

  /// True if a node's value never leaves the runs that compute the user.
  private func isReadInside(_ index: Int, by user: Int) -> Bool {
    guard readsInStep(user) else { return false }
    return (unitOf[user] == unitOf[index] || computes(unitOf[user], index))
      && copiedIn[user].allSatisfy { $0 == unitOf[index] || units[$0].copies.contains(index) }
  }

  private func computes(_ unit: Int?, _ copy: Int) -> Bool { unit.map { units[$0].copies.contains(copy) } ?? false }

  /// The unit that computes a node, and those that do so again.
  func unitsThatCompute(_ index: Int) -> [Int] { (unitOf[index].map { [$0] } ?? []) + copiedIn[index] }

  /// Positions of the units that read a node's memory, through views and broadcasts.
  func usePositions(_ index: Int) -> [Int] {
    users[index].flatMap { user -> [Int] in
      guard let unit = unitOf[user] else { return usePositions(user) }
      guard case .broadcast = role(user) else { return unitsThatCompute(user) }
      // Runs repeat the source themselves, even where the repetition is in memory for the sake of others.
      return [unit] + users[user].filter(readsInStep).flatMap(unitsThatCompute)
    }
  }
}
