import Communication
import Graphs
import Tensors

/// Where a value lies when a program runs.
enum Storage {
  /// Floats from the start of the arena that all programs share.
  case arena(Int)
  case block(StateBlock, Int)
  /// A tensor of one number, filled when the program is made.
  case constant(Float)
}

/// One thing that a program executes: a kernel, a product with what it absorbs, or a fused run.
struct Unit {
  /// Node indices, ascending; one for a plain kernel.
  var nodes: [Int]
  /// Functions of other runs that this one computes again for itself.
  var copies: Set<Int> = []
  /// Offset of its scratch memory in the arena, in floats.
  var workspace = 0
  var isFused: Bool
  /// How a fused run goes, once it is known.
  var run: FusedRun?
  /// What a product absorbs of the functions behind it.
  var epilogue: Epilogue?

  struct Epilogue {
    /// Node of the bias, one number per column.
    let bias: Int
    var slope: Float?
  }

  /// All that it computes, ascending.
  var members: [Int] { copies.isEmpty ? nodes : (nodes + copies).sorted() }

  /// True where only the values that others look at are in memory, not every node's.
  var hasInnerValues: Bool { isFused || epilogue != nil }
}

/// A graph made ready to run: what executes in which order, and where every value lies.
///
/// Planning looks at shapes alone, so it can be done, printed and compared before any memory is taken.
public struct Plan {
  let graph: Graph
  /// In execution order.
  let units: [Unit]
  /// Per node; nil where a value never exists outside of a fused run.
  let storage: [Storage?]
  /// Floats that the program needs of the shared arena.
  public let arenaCount: Int
  /// Floats of scratch that fused runs share, from the arena's start.
  let scratchCount: Int
  /// What lies where in the arena, and when.
  public let memory: [MemoryPlace]
  public let name: String
  /// Threads that scratch memory is planned for.
  public let threads: Int

  /// Plans the computation of `outputs` and of every effect of `graph`, on a team of `threads`.
  ///
  /// - Complexity: O(n²) in the number of units at worst; below a tenth of a second for 4,000 nodes.
  public init(name: String, graph: Graph, outputs: [Value], threads: Int = 1) {
    var planner = Planner(graph: graph, outputs: outputs.map(\.index), threads: threads)
    planner.findLiveNodes()
    planner.checkReads()
    planner.fuse()
    planner.sink()
    planner.recompute()
    planner.order()
    planner.placeJoinedInputs()
    planner.assignMemory()
    self.name = name
    self.graph = graph
    self.threads = threads
    units = planner.units
    storage = planner.storage
    arenaCount = planner.arenaCount
    scratchCount = planner.scratchCount
    memory = planner.memoryPlaces
  }

  /// A hash of everything that ranks must agree on: names, layers and sizes of the collectives, in order; never local
  /// shapes. Sums that are only started have an order of their own.
  public var collectiveDigest: UInt64 {
    var digest = Digest()
    for isStart in [false, true] {
      for unit in units {
        let node = graph.nodes[unit.nodes[0]]
        guard node.operation.isCollective, node.operation is StartSum == isStart else { continue }
        digest.update(node.operation.name)
        digest.update(node.layer)
        digest.update(UInt64(node.shape.count))
      }
    }
    return digest.value
  }

  /// Positions of the units of each segment; one segment where the graph ends none.
  var segments: [Range<Int>] {
    let ends = units.indices.filter { graph.nodes[units[$0].nodes[0]].operation is SegmentEnd }
    return zip([0] + ends.map { $0 + 1 }, ends + [units.count]).map { $0..<$1 }
  }

  public var segmentCount: Int { segments.count }

  /// The blocks that a segment or those before it read.
  public func blocksRead(throughSegment segment: Int) -> Set<StateBlock> {
    var found: Set<StateBlock> = []
    var isSeen = Array(repeating: false, count: graph.nodes.count)
    var pending = units[..<segments[segment].upperBound].flatMap { $0.members.flatMap { graph.nodes[$0].inputs } }
    while let index = pending.popLast() {
      if isSeen[index] { continue }
      isSeen[index] = true
      if case .stored(let block, _) = graph.nodes[index].operation.role { found.insert(block) }
      pending += graph.nodes[index].inputs
    }
    return found
  }

  /// The blocks that the plan writes.
  public var blocksWritten: Set<StateBlock> {
    var found: Set<StateBlock> = []
    for node in units.flatMap(\.nodes).map({ graph.nodes[$0] }) {
      switch node.operation.role {
      case .effect(let writes): found.formUnion(writes)
      case .placement(_, let destination?): found.insert(destination)
      default: break
      }
    }
    return found
  }

  /// Number of kernels and fused runs.
  public var unitCount: Int { units.count }
}

extension Plan {
  /// What one unit is, for profiles.
  public struct UnitDescription: Sendable {
    /// The operation, or `fused` with the functions of a run.
    public let name: String
    public let layer: String
    public let cost: Cost
    /// What a rank waits for in it.
    public let wait: Wait?
  }

  public enum Wait: Sendable {
    /// The sum of gradients, as far as it has not arrived by itself.
    case gradients
    /// A sum over ranks whose result is needed at once: statistics of a norm.
    case statistics
  }

  /// In execution order.
  public var unitDescriptions: [UnitDescription] {
    units.map { unit in
      let nodes = unit.members.map { graph.nodes[$0] }
      let costs = nodes.map { node in
        node.operation.cost(inputs: node.inputs.map { graph.nodes[$0].shape }, output: node.shape)
      }
      let names = nodes.map(\.operation.name)
      let name = unit.isFused ? "fused(" + names.joined(separator: " ") + ")" : names.joined(separator: "+")
      return UnitDescription(
        name: name, layer: nodes.last?.layer ?? "",
        cost: Cost(
          operations: costs.reduce(0) { $0 + $1.operations }, performed: costs.reduce(0) { $0 + $1.performed },
          bytes: unit.isFused ? fusedBytes(unit) : costs[0].bytes),
        wait: nodes[0].operation is FinishSum ? .gradients : nodes[0].operation is AllReduceSum ? .statistics : nil)
    }
  }

  /// Bytes that one run of the program reads and writes if nothing stays in a cache from one unit to the next.
  public var bytesMoved: Int { unitDescriptions.reduce(0) { $0 + $1.cost.bytes } }

  /// What the same program would move if every operation were a trip through memory of its own. Repeating a tensor is
  /// none: every operation would read the small one, except an upsampled image.
  public var unfusedBytes: Int {
    units.flatMap(\.nodes).reduce(0) { $0 + tripBytes($1) } + 4 * unwrittenUpsamplings.reduce(0) { $0 + $1 }
  }

  /// A fused run moves what it reads from memory and what it writes there.
  private func fusedBytes(_ unit: Unit) -> Int {
    let nodes = (unit.run?.operands ?? []).compactMap { operand -> Int? in
      switch operand {
      case .node(let node), .repeated(let node, _, _), .sum(let node, _): node
      case .constant, .register: nil
      }
    }
    return 4 * Set(nodes).reduce(0) { $0 + graph.nodes[$1].shape.count }
  }

  /// What an operation alone reads and writes.
  private func tripBytes(_ index: Int) -> Int {
    let node = graph.nodes[index]
    let bytes = node.operation.cost(inputs: node.inputs.map { graph.nodes[$0].shape }, output: node.shape).bytes
    guard case .elementwise = node.operation.role else { return bytes }
    let inputs = Set(node.inputs).reduce(0) { total, input in
      switch graph.nodes[input].operation.role {
      case .constant: total
      case .broadcast where graph.nodes[input].operation is Broadcast:
        total + graph.nodes[graph.nodes[input].inputs[0]].shape.count
      default: total + graph.nodes[input].shape.count
      }
    }
    return 4 * (inputs + node.shape.count)
  }

  /// Floats read and written by the upsamplings that no unit writes out.
  private var unwrittenUpsamplings: [Int] {
    let computed = Set(units.flatMap(\.nodes))
    let read = Set(computed.flatMap { graph.nodes[$0].inputs }).subtracting(computed)
    return read.filter { graph.nodes[$0].operation is Upsample }.map { index in
      graph.nodes[index].shape.count + graph.nodes[graph.nodes[index].inputs[0]].shape.count
    }
  }
}

extension Plan: CustomStringConvertible {
  /// Every unit with what it reads and writes and where that lies: for people who look for a mistake.
  public var description: String {
    let place = { (node: Int) -> String in
      switch storage[node] {
      case .arena(let offset): "@\(offset)"
      case .block(let block, let offset): "@\(block.name)+\(offset)"
      case .constant(let number): "=\(number)"
      case nil: ""
      }
    }
    return units.enumerated().map { position, unit in
      let nodes = unit.nodes.map { index in
        let node = graph.nodes[index]
        let inputs = node.inputs.map { "\($0)\(place($0))" }.joined(separator: ", ")
        return "%\(index)\(place(index)) \(node.shape) = \(node.operation.name)(\(inputs))"
      }
      return "\(position) (scratch @\(unit.workspace)): " + nodes.joined(separator: "\n      ")
    }.joined(separator: "\n")
  }
}
