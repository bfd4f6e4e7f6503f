import Graphs
import Tensors
import TestSupport

@testable import Layers

/// A graph with a parameter table: what a layer needs to be built.
///
/// Parameters get their memory at the first look at numbers: every layer must be built by then.
final class TestLayer {
  let graph = Graph()
  let parameters = ParameterTable(name: "net")
  let scope: Scope
  private var isAllocated = false

  init() { scope = Scope(graph: graph, parameters: parameters, isWatched: true) }

  /// Numbers between −scale and scale.
  func input(_ shape: Shape, seed: UInt64 = 1, scale: Double = 1) throws -> Value {
    try graph.read(testBlock(shape.count, seed: seed, scale: scale), shape: shape)
  }

  /// Parameters by their last name, as values of the graph.
  func parameter(_ name: String, _ scope: Scope) throws -> Value {
    let entry = parameters.entries.first { $0.name == scope.path + "/" + name }!
    return try scope.parameter(name, entry.shape, entry.initializer)
  }

  var everyParameter: [Value] {
    get throws {
      try parameters.entries.map { try graph.read(parameters.values, at: $0.offset, shape: $0.shape) }
    }
  }

  /// Gives the parameters memory and numbers: between −scale and scale without pattern, biases included.
  func fill(scale: Double = 1, seed: UInt64 = 7) {
    parameters.values.allocate()
    let numbers = testBlock(parameters.values.count, seed: seed, scale: scale)
    for index in 0..<parameters.values.count { parameters.values.values[index] = numbers.values[index] }
    isAllocated = true
  }

  func set(_ name: String, _ numbers: [Float]) {
    let entry = parameters.entries.first { $0.name.hasSuffix("/" + name) }!
    precondition(numbers.count == entry.shape.count, "\(name) has shape \(entry.shape)")
    for (index, number) in numbers.enumerated() { parameters.slice(entry, of: parameters.values)[index] = number }
  }

  /// Elements in float64, by the meaning of the graph.
  func numbers(_ value: Value) -> [Double] {
    precondition(isAllocated || parameters.values.count == 0, "fill the parameters first")
    return ReferenceEvaluator(graph).evaluate(value)
  }

  /// Elements in float32, by the planned program.
  func run(_ values: Value...) throws -> [[Float]] { try runProgram(graph, values) }
}

extension AttentionOptions {
  init(_ type: AttentionType, _ activation: ScoreActivation = .none, units: Int = 4) {
    self.init()
    self.type = type
    self.activation = activation
    self.units = units
  }
}
