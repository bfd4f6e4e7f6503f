import Graphs
import Tensors
import TestSupport
import Testing

/// Graphs that once came out wrong.
@Suite struct FusionRegressionTests {
  private func check(_ graph: Graph, _ outputs: [Value]) throws {
    let reference = ReferenceEvaluator(graph)
    for (output, result) in zip(outputs, try runProgram(graph, outputs)) {
      // Float32 rounding of a handful of operations.
      #expect(relativeDifference(result, reference.evaluate(output)) < 5e-6)
    }
  }

  @Test("two runs that need each other's values through products stay two runs")
  func cycle() throws {
    let graph = Graph()
    let values = try (1...4).map { try graph.read(testBlock(36, seed: UInt64($0)), shape: [6, 6]) }
    let x = try tanh(values[0])
    let v = try matmul(x, values[1])
    let t = try tanh(values[2])
    let r = try matmul(t, values[3])
    try check(graph, [x * r, t * v])
  }

  @Test("a run does not repeat what it writes itself: one sample, added along an axis of 1")
  func degenerate() throws {
    let graph = Graph()
    let a = try graph.read(testBlock(700, seed: 1), shape: [1, 700])
    let b = try graph.read(testBlock(700, seed: 2), shape: [1, 700])
    let x = try a * b
    try check(graph, [tanh(x) + x.reshaped(to: [700])])
  }

  @Test("a function in two instructions keeps its input until the second")
  func twoInstructions() throws {
    let graph = Graph()
    let a = try graph.read(testBlock(700, seed: 1), shape: [700])
    try check(graph, [leakyRelu(a + 0.1, slope: 0.2)])
  }
}
