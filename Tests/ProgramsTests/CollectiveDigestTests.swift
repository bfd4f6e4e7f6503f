import Graphs
import Tensors
import TestSupport
import Testing

@testable import Programs

/// Ranks compare the digests of their plans before the first step.
@Suite struct CollectiveDigestTests {
  /// Two layers that normalise by statistics over all ranks, then a sum of gradients: what a step looks like.
  private func plan(batch: Int, width: Int = 6, layers: Int = 2, isReversed: Bool = false) throws -> Plan {
    let graph = Graph()
    var x = try graph.read(testBlock(batch * width), shape: [batch, width])
    for layer in 0..<layers {
      x = try graph.inLayer("layer\(layer)") {
        let sum = try allReduceSum(x.sum(axes: [0]))
        let squares = try allReduceSum(x.squared.sum(axes: [0]).slice(0..<1, axis: 1))
        return try isReversed ? squares + x * sum : (x - sum) * squares
      }
    }
    _ = try graph.inLayer("update") { try allReduceSum(x.sum(axes: [0])) }
    return Plan(name: "test", graph: graph, outputs: [x])
  }

  @Test("the digest does not depend on how many samples this rank has", arguments: [2, 3, 5, 64])
  func localBatch(batch: Int) throws {
    #expect(try plan(batch: batch).collectiveDigest == plan(batch: 4).collectiveDigest)
  }

  @Test("another number, size or order of collectives has another digest")
  func differences() throws {
    let graph = Graph()
    let digest = { (sizes: [Int], layers: [String]) -> UInt64 in
      let outputs = try zip(sizes, layers).enumerated().map { index, collective in
        try graph.inLayer(collective.1) {
          try allReduceSum(graph.read(testBlock(collective.0, seed: UInt64(index)), shape: [collective.0]))
        }
      }
      return Plan(name: "test", graph: graph, outputs: outputs).collectiveDigest
    }
    let base = try digest([3, 5], ["a", "b"])
    #expect(try digest([3, 5], ["a", "b"]) == base)
    #expect(try digest([5, 3], ["a", "b"]) != base)
    #expect(try digest([3, 4], ["a", "b"]) != base)
    #expect(try digest([3], ["a"]) != base)
    #expect(try digest([3, 5, 5], ["a", "b", "b"]) != base)
    #expect(try digest([3, 5], ["a", "c"]) != base)
    #expect(try plan(batch: 4, width: 7).collectiveDigest != plan(batch: 4).collectiveDigest)
    #expect(try plan(batch: 4, layers: 3).collectiveDigest != plan(batch: 4).collectiveDigest)
  }

  @Test("collectives run in the order in which they were made, on a rank with one sample as on the others")
  func creationOrder() throws {
    // What comes before the first collective may be part of a long run on one rank and of none on another.
    for batch in [1, 2, 3] {
      let graph = Graph()
      let x = try graph.read(testBlock(batch * 4), shape: [batch, 4])
      let y = try graph.read(testBlock(4, seed: 2), shape: [1, 4])
      let a = try tanh(x)
      let first = try allReduceSum(a.slice(0..<1))
      let second = try allReduceSum(softmax(y))
      // The same shape as `a`: the run of both waits in the queue with the index of its last function.
      let late = try a * 2 + tanh(x * 3)
      let plan = Plan(name: "test", graph: graph, outputs: [first, second, late])
      let order = plan.units.map { $0.nodes[0] }.filter { graph.nodes[$0].operation.isCollective }
      #expect(order == [first.index, second.index], "batch of \(batch)")
    }
  }
}
