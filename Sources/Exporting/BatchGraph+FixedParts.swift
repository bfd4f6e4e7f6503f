import Communication
import Graphs
import Programs
import Tensors

// Weights over their largest singular value, scales and shifts of norms: whatever does not depend on the input is computed
// once, by a program of its own.

extension BatchGraph {
  /// The numbers of fixed nodes that others need.
  func fixedParts() throws -> [Int: FixedTensor] {
    var wanted = Set(network.outputs.map(\.value.index))
    for index in nodes.indices where isNeeded[index] && !isFixed[index] { wanted.formUnion(nodes[index].inputs) }
    var found: [Int: FixedTensor] = [:]
    var computed: [Value] = []
    for index in wanted.sorted() where isFixed[index] {
      let shape = nodes[index].shape
      switch nodes[index].operation {
      case let constant as Constant:
        found[index] = FixedTensor(
          shape: shape.dimensions, numbers: Array(repeating: constant.number, count: shape.count))
      case let read as StateRead:
        found[index] = FixedTensor(
          shape: shape.dimensions, numbers: Array(read.block.values[read.offset..<read.offset + shape.count]))
      default: computed.append(Value(graph: network.graph, index: index))
      }
    }
    guard !computed.isEmpty else { return found }
    let plan = Plan(name: "fixed parts", graph: network.graph, outputs: computed)
    let program = Program(plan, arena: Arena(plans: [plan]), communicator: SoloCommunicator())
    try program.run()
    for value in computed {
      found[value.index] = FixedTensor(shape: value.shape.dimensions, numbers: Array(program.values(of: value)))
    }
    return found
  }
}
