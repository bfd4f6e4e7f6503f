import Graphs
import Layers
import Tensors
import TestSupport
import Testing

/// One row per layer and choice: gradients with respect to the input and every parameter against central differences in
/// float64, those of a gradient penalty, and the planned program against both.
@Suite struct LayerGradientTests {
  /// Central differences with step 1e-5 err by 1e-10 · third derivative; 1e-6 leaves room for curvature.
  static let tolerance = 1e-6

  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let shape: Shape
    let build: @Sendable (Value, Scope) throws -> Value
  }

  static let rows: [Row] =
    attentionRows + imageRows + [
      row("dense", [3, 4]) { try dense($0, units: 2, in: $1) },
      row("dense over tokens", [2, 3, 4]) { try dense($0, units: 2, in: $1) },
      row("PReLU", [3, 4]) { try prelu($0, in: $1) },
      row("batch norm") { try batchNorm($0, in: $1) },
      row("conditional batch norm") {
        try conditionalBatchNorm($0, condition: $0.graph.read(testBlock(6, seed: 12), shape: [2, 3]), in: $1)
      },
      row("instance norm", [2, 2, 2, 3]) { try instanceNorm($0, in: $1) },
      row("layer norm", [2, 2, 2, 3]) { try layerNorm($0, in: $1) },
      row("projection", [3, 4]) {
        try projection($0, condition: $0.graph.read(testBlock(6, seed: 12), shape: [3, 2]), in: $1)
      },
      row("pooled attention") { try weightedAttention($0, in: $1).output },
      row("pooled attention, masked") {
        try weightedAttention($0, mask: $0.graph.literal([1, 1, 0, 0, 1, 1], shape: [2, 3]), in: $1).output
      },
      row("residual attention with scores from before") {
        let options = AttentionOptions(.residualScaledDotProduct)
        let first = try selfAttention($0, options: options, in: $1 / "1")
        return try selfAttention(first.output, previousScores: first.scores, options: options, in: $1 / "2").output
      },
      row("attention with a mask") {
        let mask = try $0.graph.literal([1, 0, 0, 1, 1, 1], shape: [2, 3])
        return try selfAttention($0, mask: mask, options: AttentionOptions(.additive, .sigmoid, units: 2), in: $1)
          .output
      },
      attention("additive, window 2", AttentionOptions(.additive, .tanh, units: 2)) { $0.width = 2 },
      attention("multiplicative, history", AttentionOptions(.multiplicative)) { $0.historyOnly = true },
      attention("additive, gate, value projection", AttentionOptions(.additive, .softmax, units: 2)) {
        $0.usesGate = true
        $0.usesValueProjection = true
      },
      attention("additive, every regulariser", AttentionOptions(.additive, .sigmoid, units: 2)) {
        $0.kernelRegularizer = WeightRegularizer(l1: 0.1, l2: 0.2)
        $0.biasRegularizer = WeightRegularizer(l1: 0.3, l2: 0.4)
        $0.attentionRegularizerWeight = 0.5
      },
      attention("multiplicative, regulariser of attention", AttentionOptions(.multiplicative)) {
        $0.attentionRegularizerWeight = 0.5
      },
    ]

  private static let attentionRows: [Row] = AttentionType.allCases.flatMap { type in
    let activations: [ScoreActivation] =
      type == .additive || type == .multiplicative ? ScoreActivation.allCases : [.none]
    return activations.map { attention("\(type), \($0)", AttentionOptions(type, $0, units: 2)) { _ in } }
  }

  private static func row(
    _ name: String, _ shape: Shape = [2, 3, 2], build: @escaping @Sendable (Value, Scope) throws -> Value
  ) -> Row {
    Row(testDescription: name, shape: shape, build: build)
  }

  private static func attention(
    _ name: String, _ options: AttentionOptions, _ change: (inout AttentionOptions) -> Void
  ) -> Row {
    var options = options
    change(&options)
    let chosen = options
    return row(name) { try selfAttention($0, options: chosen, in: $1).output }
  }

  /// The layer's weighted outputs and penalties as a scalar, with everything it depends on.
  private func build(_ row: Row) throws -> (layer: TestLayer, loss: Value, targets: [Value]) {
    let layer = TestLayer()
    let x = try layer.input(row.shape)
    let y = try row.build(x, layer.scope / "layer")
    // A curved function, so that second derivatives do not vanish.
    let factors = try layer.input(y.shape, seed: 9)
    var loss = try (factors * (y + 0.5 * y.squared)).total
    for penalty in layer.scope.penalties.sampleMeans + layer.scope.penalties.weightTerms { loss = try loss + penalty }
    return (layer, loss, try [x] + layer.everyParameter)
  }

  /// Σ of weighted squares of all gradients.
  private func penalty(_ loss: Value, _ targets: [Value]) throws -> Value {
    let found = try gradients(of: loss, withRespectTo: targets)
    return try found.reduce(loss.graph.constant(0)) { try $0 + $1.squared.total }
  }

  @Test("gradients equal central differences", arguments: rows)
  func first(row: Row) throws {
    let (layer, loss, targets) = try build(row)
    layer.fill(scale: 0.8)
    #expect(try gradientError(loss, withRespectTo: targets) < Self.tolerance)
  }

  @Test("gradients of a gradient penalty equal central differences", arguments: rows)
  func second(row: Row) throws {
    let (layer, loss, targets) = try build(row)
    let penalty = try penalty(loss, targets)
    layer.fill(scale: 0.8)
    #expect(try gradientError(penalty, withRespectTo: targets) < 10 * Self.tolerance)
  }

  @Test("the planned program computes the same", arguments: rows)
  func program(row: Row) throws {
    let (layer, loss, targets) = try build(row)
    let outputs =
      try [loss] + gradients(of: loss, withRespectTo: targets)
      + gradients(of: penalty(loss, targets), withRespectTo: targets)
    layer.fill(scale: 0.8)
    for (output, result) in zip(outputs, try runProgram(layer.graph, outputs)) {
      // Float32 rounding of a few hundred operations; relative to 0.01 where a gradient nearly vanishes.
      let expected = layer.numbers(output)
      let scale = max(0.01, expected.map(abs).max() ?? 0)
      expectEqual(result.map(Double.init), expected, "node \(output.index)", 2e-5 * scale)
    }
  }
}
