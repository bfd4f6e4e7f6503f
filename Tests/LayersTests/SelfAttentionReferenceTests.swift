import Graphs
import Tensors
import TestSupport
import Testing

@testable import Layers

/// Every case of the recorded reference: scores, attention, output, regulariser and gradients, in float64 by the meaning
/// of the graph and in float32 by the planned program.
@Suite struct SelfAttentionReferenceTests {
  /// The reference has ten digits; its gradients are good to 1e-9.
  static let double = 3e-9
  /// Constants such as 1/√d and 0.2 are float32 in the graph (relative error up to 6e-8).
  static let doubleWithConstants = 1e-7
  static let single = 1e-6
  /// A score of −10,000 keeps steps of 1e-3 in float32, here as in Keras: rows in which every key carries a penalty, for
  /// whom only differences of such scores count. A step moves an attention of ¼ by 2e-4 at most.
  static let singleBehindPenalty = 5e-4

  @Test("the reference has its 69 cases")
  func isComplete() throws {
    #expect(try AttentionReference.shared.get().cases.count == 69)
  }

  @Test("float64 evaluation gives the reference", arguments: AttentionReference.names)
  func double(name: String) throws {
    let recorded = try #require(AttentionReference.shared.get().cases[name])
    let built = try BuiltCase(recorded)
    let hasConstants = recorded.kind == .scaled || recorded.kind == .residual || recorded.activation == "hard_sigmoid"
    let tolerance = hasConstants ? Self.doubleWithConstants : Self.double
    let evaluator = built.evaluator
    try compare(recorded, built, tolerance: { _ in tolerance }, evaluate: evaluator.evaluate)
  }

  @Test("the planned float32 program gives the reference", arguments: AttentionReference.names)
  func single(name: String) throws {
    let recorded = try #require(AttentionReference.shared.get().cases[name])
    let built = try BuiltCase(recorded)
    let gradients = try built.gradients()
    let outputs =
      [built.weights, built.output, built.objective] + [built.scores, built.regularizer].compactMap { $0 }
      + gradients.values
    let results = try runProgram(built.graph, outputs).map { $0.map(Double.init) }
    let numbers = Dictionary(zip(outputs, results), uniquingKeysWith: { first, _ in first })
    let behind = hasRowBehindPenalty(recorded, keys: built.weights.shape.last) ? Self.singleBehindPenalty : Self.single
    try compare(
      recorded, built, tolerance: { $0 == "scores" ? Self.single : behind }, evaluate: { numbers[$0]! })
  }

  private func hasRowBehindPenalty(_ recorded: AttentionCase, keys: Int) -> Bool {
    guard let penalties = recorded.penalties?.all else { return false }
    return stride(from: 0, to: penalties.count, by: keys).contains { penalties[$0..<$0 + keys].min()! > 0 }
  }

  private func compare(
    _ recorded: AttentionCase, _ built: BuiltCase, tolerance: (String) -> Double, evaluate: (Value) -> [Double]
  ) throws {
    if let scores = built.scores {
      expectEqual(evaluate(scores), recorded.scores.all, "scores", tolerance("scores"))
    }
    expectEqual(evaluate(built.weights), recorded.attention.all, "attention", tolerance("attention"))
    expectEqual(evaluate(built.output), recorded.output.all, "output", tolerance("output"))
    #expect((recorded.regularizer == nil) == (built.regularizer == nil))
    if let expected = recorded.regularizer, let found = built.regularizer {
      // Of order 1 to 10: the bound counts relative to the value.
      expectEqual(evaluate(found), [expected], "regularizer", tolerance("regularizer") * max(1, expected))
    }
    let gradients = try built.gradients()
    for (name, expected) in recorded.gradients ?? [:] {
      let found = try #require(gradients[name])
      let largest = expected.all.map(abs).max() ?? 0
      expectEqual(evaluate(found), expected.all, "gradient of \(name)", tolerance(name) * max(1, largest))
    }
  }
}

func expectEqual(
  _ found: [Double], _ expected: [Double], _ what: String, _ tolerance: Double,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.count == expected.count, "\(what)", sourceLocation: sourceLocation)
  let difference = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
  let isFinite = found.allSatisfy(\.isFinite)
  let isClose = isFinite && difference <= tolerance
  #expect(isClose, "\(what): largest difference \(difference)", sourceLocation: sourceLocation)
}
