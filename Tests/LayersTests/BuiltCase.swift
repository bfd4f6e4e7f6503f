import Foundation
import Graphs
import Tensors
import TestSupport

@testable import Layers

/// A case of the reference as a graph, with its tensors in float32 blocks and, for the float64 evaluator, beside them.
struct BuiltCase {
  let graph = Graph()
  private(set) var scores: Value?
  let weights: Value
  let output: Value
  /// ρ·Σ_b‖A_b A_bᵀ − I‖² / B, where the case asks for it.
  let regularizer: Value?
  /// Σ_i sin(i + 1)·output_i plus the regulariser: what the reference differentiates.
  let objective: Value
  /// The case's tensors by the reference's names.
  let tensors: [String: Value]
  /// Float64 numbers of everything that is not exact in float32.
  let exact: [Value: [Double]]

  init(_ attentionCase: AttentionCase) throws {
    let graph = graph
    let named = attentionCase.tensors
    var exact: [Value: [Double]] = [:]
    func read(_ tensor: ReferenceTensor) throws -> Value {
      let value = try graph.literal(tensor.numbers.map { Float($0) }, shape: tensor.shape)
      exact[value] = tensor.numbers
      return value
    }
    let scope = Scope(graph: graph, parameters: ParameterTable(name: "net")) / "attention"
    var tensors: [String: Value] = [:]
    for name in ["X", "Q", "K", "V", "prev"] { tensors[name] = try named[name].map(read) }
    let first = tensors["X"] ?? tensors["Q"]!
    let keys = (tensors["X"] ?? tensors["K"]!).shape
    let mask = try attentionCase.mask.map { try graph.literal($0.all.map { Float($0) }, shape: [keys[0], keys[1]]) }

    switch attentionCase.kind {
    case .weighted:
      (output, weights) = try weightedAttention(first, mask: mask, usesBias: attentionCase.has("b"), in: scope)
    case .additive, .multiplicative, .scaled, .residual:
      let options = try attentionCase.options
      let attention: Attention
      if attentionCase.inputs == .cross {
        attention = try scaledDotProductAttention(
          query: tensors["Q"]!, key: tensors["K"]!, value: tensors["V"]!, keyMask: mask,
          historyOnly: options.historyOnly, previousScores: tensors["prev"])
      } else {
        attention = try selfAttention(
          first, mask: mask, previousScores: tensors["prev"], options: options, in: scope)
      }
      (output, weights) = (attention.output, attention.weights)
      scores = try options.activation(attention.scores)
    }

    // Parameters of the layer: found in its table by the reference's names.
    scope.parameters.values.allocate()
    for entry in scope.parameters.entries {
      let name = String(entry.name.split(separator: "/").last!)
      let memory = scope.parameters.slice(entry, of: scope.parameters.values)
      for (index, number) in named[name]!.numbers.enumerated() { memory[index] = Float(number) }
      let value = try scope.parameter(name, entry.shape, entry.initializer)
      precondition(entry.shape == named[name]!.shape, "\(entry.name) has shape \(entry.shape)")
      tensors[name] = value
      exact[value] = named[name]!.numbers
    }

    let factors = try read(.wave(output.shape, 1))
    let total = try (output * factors).total
    regularizer = scope.penalties.sampleMeans.first
    objective = try regularizer.map { try total + $0 } ?? total
    self.tensors = tensors
    self.exact = exact
  }

  /// Gradients of the objective by the reference's names.
  func gradients() throws -> [String: Value] {
    let names = tensors.keys.sorted()
    let found = try Graphs.gradients(of: objective, withRespectTo: names.map { tensors[$0]! })
    return Dictionary(uniqueKeysWithValues: zip(names, found))
  }

  var evaluator: ReferenceEvaluator { ReferenceEvaluator(graph, fixed: exact) }
}
