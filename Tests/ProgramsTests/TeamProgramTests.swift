import Communication
import Graphs
import Kernels
import Tensors
import TestSupport
import Testing

@testable import Programs

/// Programs of several threads against the same of one, at sizes that are worth sharing.
@Suite("Programs on a team")
struct TeamProgramTests {
  private func run(_ graph: Graph, _ outputs: [Value], threads: Int) throws -> [[Float]] {
    let plan = Plan(name: "test", graph: graph, outputs: outputs, threads: threads)
    let arena = Arena(plans: [plan])
    let program = Program(
      plan, arena: arena, communicator: SoloCommunicator(), team: try ThreadTeam(count: threads))
    // No number in memory is right by accident.
    for _ in 0..<2 {
      for index in 0..<arena.byteCount / 4 { arena.base[index] = .nan }
      try program.run()
    }
    return outputs.map { Array(program.values(of: $0)) }
  }

  /// Every operation that a team shares; those that do not add up must give the same bits.
  private func cases() throws -> (graph: Graph, exact: [Value], rounded: [Value]) {
    let graph = Graph()
    let x = try graph.read(testBlock(60 * 40 * 50), shape: [60, 40, 50])
    let large = try graph.read(testBlock(300 * 410, seed: 2), shape: [300, 410])
    let narrow = try graph.read(testBlock(9000 * 8, seed: 3), shape: [9000, 8])
    let position = RunPosition()
    position.iteration = 5
    position.sampleOffset = 3
    let random = { (distribution: Random.Distribution) in
      try graph.random(
        distribution, shape: [700, 77], seed: 9, purpose: .evaluation, firstSample: 10, at: position)
    }
    let weights = try graph.read(testBlock(50, seed: 4), shape: [50])
    let scores = try additiveScores(queries: x, keys: x.slice(0..<30, axis: 1), weights: weights)
    let soft = try softmax(large)
    let exact = try [
      soft, softmax(narrow), softmax(x), x.transposed, large.transposed, x.slice(7..<33, axis: 1),
      concatenate([x, x.slice(3..<30, axis: 2)], axis: 2), concatenate([large, soft], axis: 0),
      random(.normal), random(.uniform(low: -1, high: 3)), x.maximum(axes: [0, 1]), x.maximum(axes: [2]),
      large.maximum(axes: [0, 1]), scores, x.sum(axes: [2]), large.sum(axes: [0]),
    ]
    let found = try gradients(of: (scores * scores).total + (soft * soft).total, withRespectTo: [x, weights, large])
    let rounded = try [
      matmul(large, large, transposingRight: true), matmul(large, large, transposingLeft: true),
      matmul(x, x, transposingRight: true), x.sum(axes: [0, 2]), x.sum(axes: [0, 1]), narrow.total,
      narrow.sum(axes: [0]),
    ]
    return (graph, exact, rounded + found)
  }

  @Test("every operation gives what one thread gives", arguments: [2, 3])
  func operations(threads: Int) throws {
    let (graph, exact, rounded) = try cases()
    let outputs = exact + rounded
    let alone = try run(graph, outputs, threads: 1)
    let shared = try run(graph, outputs, threads: threads)
    for (index, output) in outputs.enumerated() {
      let name = output.node.operation.name
      if index < exact.count {
        #expect(alone[index].map(\.bitPattern) == shared[index].map(\.bitPattern), "\(index): \(name)")
      } else {
        // Float sums in another order.
        #expect(relativeDifference(shared[index], alone[index].map(Double.init)) < 1e-5, "\(index): \(name)")
      }
    }
  }

  @Test("no value of a plan for several threads lies where another one's scratch is", arguments: [1, 2, 3, 8])
  func memory(threads: Int) throws {
    let (graph, exact, rounded) = try cases()
    let plan = Plan(name: "test", graph: graph, outputs: exact + rounded, threads: threads)
    #expect(PlanMemory.problems(plan, outputs: exact + rounded) == [])
  }

  @Test("updates and averages are the same bits on any number of threads", arguments: [2, 3, 4])
  func updates(threads: Int) throws {
    let count = 100_003
    let update = { (threads: Int) -> [[Float]] in
      let graph = Graph()
      let blocks = (0..<4).map { index in testBlock(count, seed: UInt64(index) + 1) }
      let secondMoment = StateBlock(name: "second", count: count)
      secondMoment.allocate()
      let scalars = try [0.01, 1.5, 1.2, 1].map { try graph.literal([$0], shape: .scalar) }
      let adam = AdamUpdate(
        parameters: blocks[0], firstMoment: blocks[1], secondMoment: secondMoment, beta1: 0.5, beta2: 0.99,
        epsilon: 1e-7, decay: 0.01)
      _ = try graph.apply(adam, [graph.read(blocks[2], shape: [count])] + scalars)
      let average = WeightAverage(average: blocks[3], parameters: blocks[0])
      _ = try graph.apply(average, [graph.literal([0.9], shape: .scalar), scalars[3]])
      _ = try self.run(graph, [], threads: threads)
      return (blocks + [secondMoment]).map { Array($0.values) }
    }
    let (alone, shared) = (try update(1), try update(threads))
    for (a, b) in zip(alone, shared) { #expect(a.map(\.bitPattern) == b.map(\.bitPattern)) }
    // The updates did something.
    let untouched = [testBlock(count, seed: 1), testBlock(count, seed: 4)]
    #expect(alone[0] != Array(untouched[0].values))
    #expect(alone[3] != Array(untouched[1].values))
  }
}
