import Communication
import Graphs
import Programs

/// A network ready to run by itself, on one rank.
public final class NetworkProgram {
  private let network: NetworkGraph
  private let program: Program

  /// - Precondition: parameters have their memory, the network's inputs none yet.
  public init(_ network: NetworkGraph) {
    self.network = network
    for input in network.inputs { input.block.allocate() }
    let plan = Plan(name: "network", graph: network.graph, outputs: network.outputs.map(\.value))
    program = Program(plan, arena: Arena(plans: [plan]), communicator: SoloCommunicator())
  }

  /// - Parameter inputs: by name, a batch each.
  /// - Returns: the outputs by name.
  public func run(_ inputs: [String: [Float]]) throws -> [NamedTensor] {
    for input in network.inputs {
      guard let numbers = inputs[input.name], numbers.count == input.block.count else {
        preconditionFailure("\(input.name): \(inputs[input.name]?.count ?? 0) numbers for \(input.value.shape)")
      }
      _ = input.block.values.update(fromContentsOf: numbers)
    }
    try program.run()
    return network.outputs.map {
      NamedTensor(name: $0.name, shape: $0.value.shape, numbers: Array(program.values(of: $0.value)))
    }
  }
}
