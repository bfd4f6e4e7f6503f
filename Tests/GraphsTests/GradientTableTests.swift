import Graphs
import Tensors
import TestSupport
import Testing

/// One row per operation: its symbolic gradient against central differences in float64, and the gradient of that
/// gradient where penalties need it.
@Suite struct GradientTableTests {
  /// Central differences with step 1e-5 err by 1e-10 · third derivative; 1e-6 leaves room for curvature.
  static let tolerance = 1e-6

  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    let shapes: [Shape]
    /// Moves inputs to where the operation is smooth: `log` wants positive numbers.
    var shift: Float = 0
    let build: @Sendable ([Value]) throws -> Value
    var testDescription: String { name }

    init(_ name: String, _ shapes: Shape..., shift: Float = 0, build: @escaping @Sendable ([Value]) throws -> Value) {
      self.name = name
      self.shapes = shapes
      self.shift = shift
      self.build = build
    }
  }

  static let rows: [Row] = [
    Row("add", [3, 4], [3, 4]) { try $0[0] + $0[1] },
    Row("add, broadcast", [3, 4], [4]) { try $0[0] + $0[1] },
    Row("subtract, broadcast", [3, 1], [3, 4]) { try $0[0] - $0[1] },
    Row("multiply", [3, 4], [3, 4]) { try $0[0] * $0[1] },
    Row("multiply, broadcast middle", [2, 1, 3], [2, 4, 3]) { try $0[0] * $0[1] },
    Row("divide", [3, 4], [3, 4], shift: 2) { try $0[0] / $0[1] },
    Row("maximum", [3, 5], [3, 5]) { try maximum($0[0], $0[1]) },
    Row("minimum", [3, 5], [3, 5]) { try minimum($0[0], $0[1]) },
    Row("select", [3, 5], [3, 5]) { try select(greater($0[0], than: 0), then: $0[0] * $0[1], else: $0[1]) },
    Row("negate", [7]) { try -$0[0] },
    Row("absolute", [7]) { try $0[0].applying(.absolute) },
    Row("exp", [7]) { try exp($0[0]) },
    Row("log", [7], shift: 2) { try log($0[0]) },
    Row("tanh", [7]) { try tanh($0[0]) },
    Row("sigmoid", [7]) { try sigmoid($0[0]) },
    Row("softplus", [7]) { try softplus($0[0]) },
    Row("squareRoot", [7], shift: 2) { try squareRoot($0[0]) },
    Row("reciprocal", [7], shift: 2) { try $0[0].applying(.reciprocal) },
    Row("square", [7]) { try $0[0].squared },
    Row("leakyRelu", [9]) { try leakyRelu($0[0], slope: 0.2) },
    Row("relu", [9]) { try relu($0[0]) },
    Row("reduceSum, outer axis", [3, 4, 5]) { try $0[0].sum(axes: [0]) },
    Row("reduceSum, middle axis", [3, 4, 5]) { try $0[0].sum(axes: [1]) },
    Row("reduceSum, two axes apart", [3, 4, 5]) { try $0[0].sum(axes: [0, 2]) },
    Row("reduceMaximum", [3, 5]) { try $0[0].maximum(axes: [1]) },
    Row("reshape", [3, 4]) { try $0[0].reshaped(to: [2, 6]) },
    Row("slice, outer", [5, 3]) { try $0[0].slice(1..<4) },
    Row("slice, inner", [3, 5]) { try $0[0].slice(1..<4, axis: 1) },
    Row("concatenate, outer", [2, 3], [4, 3]) { try concatenate($0, axis: 0) },
    Row("concatenate, inner", [2, 3], [2, 4]) { try concatenate($0, axis: 1) },
    Row("transpose", [2, 3, 4]) { try $0[0].transposed },
    Row("matmul", [3, 4], [4, 5]) { try matmul($0[0], $0[1]) },
    Row("matmul, left transposed", [4, 3], [4, 5]) { try matmul($0[0], $0[1], transposingLeft: true) },
    Row("matmul, right transposed", [3, 4], [5, 4]) { try matmul($0[0], $0[1], transposingRight: true) },
    Row("matmul, both transposed", [4, 3], [5, 4]) {
      try matmul($0[0], $0[1], transposingLeft: true, transposingRight: true)
    },
    Row("matmul, batched", [2, 3, 4], [2, 4, 5]) { try matmul($0[0], $0[1]) },
    Row("matmul, tokens times matrix", [2, 3, 4], [4, 5]) { try matmul($0[0], $0[1]) },
    Row("softmax", [3, 5]) { try softmax($0[0]) },
    Row("softmaxGradient", [3, 5], [3, 5]) {
      try gradients(of: ($0[1] * softmax($0[0])).total, withRespectTo: [$0[0]])[0]
    },
    Row("additiveScores", [2, 3, 4], [2, 5, 4], [4]) {
      try additiveScores(queries: $0[0], keys: $0[1], weights: $0[2])
    },
    Row("additiveScoresGradient", [2, 3, 4], [2, 2, 4], [4]) {
      let scores = try additiveScores(queries: $0[0], keys: $0[1], weights: $0[2])
      let found = try gradients(of: scores.squared.total, withRespectTo: $0)
      return try concatenate(found.map { try $0.reshaped(to: [$0.shape.count]) }, axis: 0)
    },
    Row("additiveScores of reshaped inputs", [6, 4], [10, 4], [4, 1]) {
      try additiveScores(
        queries: $0[0].reshaped(to: [2, 3, 4]), keys: $0[1].reshaped(to: [2, 5, 4]), weights: $0[2].reshaped(to: [4]))
    },
    Row("softmaxGradient of one value twice", [3, 5]) {
      let y = try softmax($0[0])
      // Half the square: the gradient that reaches softmax is its own output.
      return try gradients(of: (0.5 * y.squared).total, withRespectTo: [$0[0]])[0]
    },
    Row("additiveScores of a value with itself", [2, 3, 4], [4]) {
      try additiveScores(queries: $0[0], keys: $0[0], weights: $0[1])
    },
    Row("broadcast", [3, 1]) { try $0[0].broadcast(to: [2, 3, 4]) },
    Row("maximum, broadcast", [3, 4], [4]) { try maximum($0[0], $0[1]) },
    Row("minus a constant", [7]) { try (1 - $0[0]) / 3 - 2 },
    Row("leakyRelu, slope above 1", [9]) { try leakyRelu($0[0], slope: 1.5) },
    Row("leakyRelu, slope below 0", [9]) { try leakyRelu($0[0], slope: -0.5) },
    Row("reduceMaximum, middle axis", [3, 5, 2]) { try $0[0].maximum(axes: [1]) },
    Row("reduceMaximum, two axes apart", [3, 2, 2]) { try $0[0].maximum(axes: [0, 2]) },
    Row("slice, middle axis", [2, 5, 3]) { try $0[0].slice(2..<4, axis: 1) },
    Row("concatenate, middle axis", [2, 1, 3], [2, 2, 3], [2, 3, 3]) { try concatenate($0, axis: 1) },
    Row("pack", [3], [2, 2]) { try pack($0, at: [0, 3], of: testBlock(7)) },
    Row("matmul, batched, left transposed", [2, 4, 3], [2, 4, 5]) {
      try matmul($0[0], $0[1], transposingLeft: true)
    },
    Row("matmul, batched, right transposed", [2, 3, 4], [2, 5, 4]) {
      try matmul($0[0], $0[1], transposingRight: true)
    },
    Row("matmul of a value with itself", [2, 3, 4]) { try matmul($0[0], $0[0], transposingRight: true) },
    Row("softmax of softmax, three axes", [2, 3, 4]) { try softmax(softmax($0[0])) },
    Row("upsample", [2, 2, 3, 2]) { try upsample($0[0]) },
    Row("sumPool", [2, 4, 2, 3]) { try sumPool($0[0]) },
    Row("averagePool of a product with upsampled images", [2, 4, 6, 2], [2, 2, 3, 2]) {
      try averagePool($0[0] * upsample($0[1]))
    },
    Row("reduceSum of many numbers", [3, 4, 5, 2]) { try $0[0].sum(axes: [0, 1, 2]) },
    Row("normalisation of images by batch statistics", [3, 2, 3, 2], [3, 1, 1, 2]) {
      let mean = try $0[0].sum(axes: [0, 1, 2]) / 18
      let variance = try $0[0].squared.sum(axes: [0, 1, 2]) / 18 - mean.squared
      return try relu(($0[0] - mean) * $0[1] / squareRoot(variance + 0.1))
    },
    Row("allReduceSum of one rank", [5]) { try allReduceSum($0[0]) },
    Row("allReduceSum over the node", [5]) { try allReduceSum($0[0], over: .node) },
  ]

  private func inputs(_ row: Row, in graph: Graph) throws -> [Value] {
    try row.shapes.enumerated().map { index, shape in
      let block = testBlock(shape.count, seed: UInt64(index + 3))
      for i in block.values.indices { block.values[i] += row.shift }
      return try graph.read(block, shape: shape)
    }
  }

  /// A scalar that weighs every element differently, so that no error cancels.
  private func weighted(_ y: Value) throws -> Value {
    try (y * y.graph.read(testBlock(y.shape.count, seed: 99), shape: y.shape)).total
  }

  @Test("gradient equals central differences", arguments: rows + imageRows)
  func first(row: Row) throws {
    let graph = Graph()
    let inputs = try inputs(row, in: graph)
    let error = try gradientError(weighted(row.build(inputs)), withRespectTo: inputs)
    #expect(error < Self.tolerance)
  }

  @Test("gradient of the squared gradient equals central differences", arguments: rows + imageRows)
  func second(row: Row) throws {
    let graph = Graph()
    let inputs = try inputs(row, in: graph)
    // A curved function of the result, so that second derivatives do not vanish.
    let y = try row.build(inputs)
    let found = try gradients(of: weighted(y + 0.5 * y.squared), withRespectTo: inputs)
    let penalty = try found.map { try weighted($0.squared) }.reduce(graph.constant(0)) { try $0 + $1 }
    let error = try gradientError(penalty, withRespectTo: inputs)
    #expect(error < 10 * Self.tolerance)
  }

  @Test("the planned program computes what the graph means", arguments: rows + imageRows)
  func program(row: Row) throws {
    let graph = Graph()
    let inputs = try inputs(row, in: graph)
    let y = try row.build(inputs)
    let outputs = try [y] + gradients(of: weighted(y + 0.5 * y.squared), withRespectTo: inputs)
    for (output, result) in zip(outputs, try runProgram(graph, outputs)) {
      let difference = relativeDifference(result, ReferenceEvaluator(graph).evaluate(output))
      // Float32 rounding of a few dozen operations.
      #expect(difference < 5e-6)
    }
  }
}
