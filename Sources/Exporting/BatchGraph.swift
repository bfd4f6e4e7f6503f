import Graphs
import Tensors

/// How long an axis is for a batch of N: a number, or a multiple of N.
enum Extent: Hashable {
  case fixed(Int)
  case samples(Int)
}

/// A network for batches of any size.
///
/// It was built for two sizes: what differs between the two graphs depends on the size, the rest does not.
struct BatchGraph {
  let network: NetworkGraph
  /// Per node, per axis.
  let extents: [[Extent]]
  /// Whether an output depends on the node.
  let isNeeded: [Bool]
  /// Whether the node's numbers are known without an input, and are as many for every batch.
  let isFixed: [Bool]
  /// How many needed nodes and outputs use the node.
  let useCounts: [Int]

  var nodes: [Graph.Node] { network.graph.nodes }

  /// - Parameter build: the network for batches of a size.
  /// - Throws: `ExportError` where the network computes something else for batches of another size.
  init(_ build: (_ batch: Int) throws -> NetworkGraph) throws {
    // All blocks that layers ask for are there after the first.
    network = try build(2)
    let other = try build(3)
    let (nodes, others) = (network.graph.nodes, other.graph.nodes)
    guard nodes.count == others.count, network.outputs.map(\.value.index) == other.outputs.map(\.value.index) else {
      throw ExportError(
        layer: "", reason: "the network is another one for every size of batch", remedy: Self.remedy)
    }
    extents = try zip(nodes, others).map { try Self.extents($0, $1, batches: (2, 3)) }

    var (isNeeded, useCounts) = (nodes.map { _ in false }, nodes.map { _ in 0 })
    for output in network.outputs {
      isNeeded[output.value.index] = true
      useCounts[output.value.index] += 1
    }
    for index in nodes.indices.reversed() where isNeeded[index] {
      for input in nodes[index].inputs {
        isNeeded[input] = true
        useCounts[input] += 1
      }
    }
    (self.isNeeded, self.useCounts) = (isNeeded, useCounts)

    let inputs = Set(network.inputs.map(\.value.index))
    var depends = nodes.map { _ in false }
    for index in nodes.indices {
      depends[index] = inputs.contains(index) || nodes[index].inputs.contains { depends[$0] }
    }
    let extents = extents
    isFixed = nodes.indices.map { index in
      !depends[index]
        && extents[index].allSatisfy {
          if case .fixed = $0 { true } else { false }
        }
    }
  }

  private static let remedy =
    "a network whose samples depend on each other cannot be exported; train with instance, layer or no norm there"

  private static func extents(_ a: Graph.Node, _ b: Graph.Node, batches: (Int, Int)) throws -> [Extent] {
    guard a.operation.name == b.operation.name, a.inputs == b.inputs, a.shape.rank == b.shape.rank,
      hasSameNumbers(a.operation, b.operation)
    else {
      let what = a.operation is Constant ? "a number" : a.operation.name
      throw ExportError(layer: a.layer, reason: "\(what) depends on the size of the batch", remedy: remedy)
    }
    return try zip(a.shape.dimensions, b.shape.dimensions).map { first, second in
      if first == second { return .fixed(first) }
      guard first % batches.0 == 0, first / batches.0 * batches.1 == second else {
        throw ExportError(
          layer: a.layer, reason: "an axis of \(a.operation.name) is no multiple of the batch", remedy: remedy)
      }
      return .samples(first / batches.0)
    }
  }

  /// Whether two operations of one name hold the same numbers; shapes apart.
  private static func hasSameNumbers(_ a: any Operation, _ b: any Operation) -> Bool {
    switch (a, b) {
    case (let a as Constant, let b as Constant): a.number.bitPattern == b.number.bitPattern
    case (let a as Slice, let b as Slice): (a.axis, a.start, a.length) == (b.axis, b.start, b.length)
    case (let a as Reduce, let b as Reduce): a == b
    default: true
    }
  }
}
