import Communication
import Graphs
import Layers
import Programs
import Tensors
import TestSupport
import Testing

/// Batch statistics over ranks: any number of ranks computes what one does, in values and in gradients.
@Suite struct SynchronizedNormTests {
  /// Sums in another order differ by 6e-8 of their terms.
  static let tolerance = 5e-6
  static let batch = 7
  static let sample: Shape = [3, 2, 4]

  /// A conditional and a plain norm in a row on a stretch of the batch, as outputs of one run: images, and gradients with
  /// respect to the input and all parameters of this rank's share of the loss.
  private static func run(
    _ range: Range<Int>, _ statistics: NormStatistics, on communicator: any Communicator
  ) throws -> [[Float]] {
    let graph = Graph()
    let table = ParameterTable(name: "net")
    let scope = Scope(graph: graph, parameters: table, norms: .training(statistics))
    func read(_ seed: UInt64, _ extents: Shape) throws -> Value {
      let block = testBlock(batch * extents.count, seed: seed)
      for index in block.values.indices { block.values[index] += 0.3 }
      return try graph.read(
        block, at: range.lowerBound * extents.count, shape: Shape([range.count] + extents.dimensions))
    }
    let x = try read(1, sample)
    let first = try conditionalBatchNorm(x, condition: read(2, [3]), in: scope / "first")
    let y = try batchNorm(first * first, in: scope / "second")
    let loss = try (read(3, sample) * (y + 0.5 * y.squared)).total
    let parameters = try table.entries.map { try graph.read(table.values, at: $0.offset, shape: $0.shape) }
    let outputs = try [y] + gradients(of: loss, withRespectTo: [x] + parameters)
    table.values.allocate()
    let numbers = testBlock(table.values.count, seed: 9)
    withExtendedLifetime(numbers) { _ = table.values.values.update(fromContentsOf: numbers.values) }
    let plan = Plan(name: "test", graph: graph, outputs: outputs)
    let program = Program(plan, arena: Arena(plans: [plan]), communicator: communicator)
    try program.run()
    return outputs.map { Array(program.values(of: $0)) }
  }

  private static func shard(_ rank: Int, of ranks: Int) -> Range<Int> {
    batch * rank / ranks..<batch * (rank + 1) / ranks
  }

  /// What the ranks of a run computed, put together: samples one after the other, parameters' gradients added.
  private static func together(_ statistics: NormStatistics, ranks: Int) throws -> [[Double]] {
    let results = try InProcessCommunicator.run(ranks: ranks) { communicator in
      try run(shard(communicator.rank, of: ranks), statistics, on: communicator)
    }
    return results[0].indices.map { output in
      let parts = results.map { $0[output].map(Double.init) }
      if output < 2 { return parts.flatMap { $0 } }
      return parts[0].indices.map { index in parts.reduce(0) { $0 + $1[index] } }
    }
  }

  @Test(
    "global statistics over uneven shards equal one rank's, in value and gradient",
    arguments: [2, 3, 4], [NormStatistics.global, .node])
  func ranks(ranks: Int, statistics: NormStatistics) throws {
    let alone = try Self.run(0..<Self.batch, .global, on: SoloCommunicator())
    for (found, expected) in zip(alone, try Self.together(statistics, ranks: ranks)) {
      #expect(relativeDifference(found, expected) < Self.tolerance)
    }
  }

  @Test("statistics of a rank are those of its own samples")
  func ownRank() throws {
    let ranks = 3
    let results = try InProcessCommunicator.run(ranks: ranks) { communicator in
      try Self.run(Self.shard(communicator.rank, of: ranks), .rank, on: communicator)
    }
    for (rank, result) in results.enumerated() {
      let alone = try Self.run(Self.shard(rank, of: ranks), .global, on: SoloCommunicator())
      for (found, expected) in zip(result, alone) {
        #expect(relativeDifference(found, expected.map(Double.init)) < Self.tolerance)
      }
    }
  }

  /// Four ranks with the same samples, two on a node: sums are known without any of the others.
  private final class TwoNodes: Communicator {
    private let solo = SoloCommunicator()
    private(set) var sums = (all: 0, node: 0)
    var rank: Int { 0 }
    var size: Int { 4 }
    var nodeRank: Int { 0 }
    var nodeSize: Int { 2 }
    var notes: [String] { [] }
    var pulse: Pulse { solo.pulse }

    func allReduceSum(_ values: UnsafeMutableBufferPointer<Float>) {
      sums.all += 1
      for index in values.indices { values[index] *= 4 }
    }
    func allReduceSumOnNode(_ values: UnsafeMutableBufferPointer<Float>) {
      sums.node += 1
      for index in values.indices { values[index] *= 2 }
    }
    func allReduceSum(_ values: UnsafeMutableBufferPointer<Double>) {}
    func allReduceMaximum(_ values: UnsafeMutableBufferPointer<Int64>) {}
    func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {}
    func gather(_ bytes: UnsafeRawBufferPointer, into gathered: UnsafeMutableRawBufferPointer?, at root: Int) {}
    func barrier() {}
    func makeReducibleBlock(
      floatCount: Int, buckets: [Range<Int>], settings: ReductionSettings
    ) throws(CommunicationError) -> ReducibleBlock {
      solo.makeReducibleBlock(floatCount: floatCount, buckets: buckets, settings: settings)
    }
    var isSumUnderWay: Bool { false }
    func progress() {}
    func close() {}
    func abort(exitCode: Int32) -> Never { preconditionFailure("abort with \(exitCode)") }
  }

  @Test("statistics of a node sum over the node, forward and backward; copies of a batch have its statistics")
  func twoNodes() throws {
    let alone = try Self.run(0..<Self.batch, .global, on: SoloCommunicator())
    for statistics in [NormStatistics.global, .node] {
      let ranks = TwoNodes()
      let found = try Self.run(0..<Self.batch, statistics, on: ranks)
      for (found, expected) in zip(found, alone) {
        #expect(relativeDifference(found, expected.map(Double.init)) < Self.tolerance)
      }
      // Two norms, each summed once forward and once backward.
      #expect(ranks.sums == (statistics == .global ? (4, 0) : (0, 4)))
    }
  }
}
