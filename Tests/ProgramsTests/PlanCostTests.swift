import Graphs
import Tensors
import TestSupport
import Testing

@testable import Programs

/// What plans say about bytes, and what planning itself costs.
@Suite struct PlanCostTests {
  @Test("bytes moved count what runs read and write, unfused bytes what each operation would")
  func bytes() throws {
    let graph = Graph()
    let x = try graph.read(testBlock(10 * 4 * 4 * 8), shape: [10, 4, 4, 8])
    let small = try graph.read(testBlock(10 * 2 * 2 * 8), shape: [10, 2, 2, 8])
    let row = try graph.read(testBlock(8), shape: [8])
    let y = try relu(x * row + upsample(small))
    let plan = Plan(name: "test", graph: graph, outputs: [y, try y.sum(axes: [0, 1, 2])])
    let (large, quarter) = (1280, 320)
    #expect(plan.unitCount == 1)
    #expect(plan.bytesMoved == 4 * (2 * large + quarter + 8 + 8))
    let multiply = 2 * large + 8
    #expect(plan.unfusedBytes == 4 * (multiply + (large + quarter) + 3 * large + 2 * large + (large + 8)))
  }

  /// Residual blocks with statistics, forward and backward, as a network has them.
  private func network(blocks: Int) throws -> (Graph, [Value]) {
    let graph = Graph()
    let weights = try (0..<blocks).map { block in
      try graph.read(testBlock(64, seed: UInt64(block)), shape: [8, 8])
    }
    var x = try graph.read(testBlock(4 * 4 * 4 * 8), shape: [4, 4, 4, 8])
    for weight in weights {
      let mean = try allReduceSum(x.sum(axes: [0, 1, 2])) / 64
      let variance = try allReduceSum(x.squared.sum(axes: [0, 1, 2])) / 64 - mean.squared
      let normalized = try relu((x - mean) / squareRoot(variance + 0.1))
      x = try x + matmul(normalized, weight)
    }
    let loss = try x.squared.total
    return (graph, try [loss] + gradients(of: loss, withRespectTo: weights))
  }

  /// A plan takes a fiftieth of this; the rest is for slow machines under load.
  static let longestPlanning = Duration.seconds(2)

  @Test("planning four thousand nodes takes a moment")
  func time() throws {
    let (graph, outputs) = try network(blocks: 80)
    #expect(graph.nodes.count > 4000)
    let clock = ContinuousClock()
    let best = (0..<3).map { _ in
      clock.measure { _ = Plan(name: "test", graph: graph, outputs: outputs) }
    }.min()!
    #expect(best < Self.longestPlanning)
    // Long chains and many values that wait for one another.
    let wide = Graph()
    var rows = try (0..<40).map { try wide.read(testBlock(64, seed: UInt64($0)), shape: [8, 8]) }
    for layer in 0..<50 { rows = try rows.indices.map { try tanh(rows[$0] + softmax(rows[($0 + layer) % 40])) } }
    let seconds = clock.measure { _ = Plan(name: "test", graph: wide, outputs: rows) }
    #expect(seconds < Self.longestPlanning)
  }

  @Test("networks with statistics and residuals compute what they mean")
  func meaning() throws {
    let (graph, outputs) = try network(blocks: 4)
    let reference = ReferenceEvaluator(graph)
    for (output, result) in zip(outputs, try runProgram(graph, outputs)) {
      // Float32 through four normalised blocks and back.
      #expect(relativeDifference(result, reference.evaluate(output)) < 1e-4)
    }
  }
}
