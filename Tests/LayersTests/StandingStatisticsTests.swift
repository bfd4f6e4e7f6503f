import Graphs
import Tensors
import TestSupport
import Testing

@testable import Layers

/// Measuring mean and variance over many batches, and using them.
@Suite struct StandingStatisticsTests {
  /// Two norms in a row, on `[8, 5]`.
  private struct Net {
    let parameters = ParameterTable(name: "net")
    let standing = StandingStatistics(name: "net")
    let batch = testBlock(40, seed: 4)
    let measuring = Graph()
    let measured: Value
    let sampling = Graph()
    let sampled: Value

    init() throws {
      let build = { (graph: Graph, batch: StateBlock, scope: Scope) throws -> Value in
        let x = try graph.read(batch, shape: [8, 5])
        let hidden = try batchNorm(relu(batchNorm(x, in: scope / "first") + 0.2), in: scope / "second")
        return hidden
      }
      let scope = Scope(graph: measuring, parameters: parameters, norms: .measuring(standing))
      _ = try build(measuring, batch, scope)
      measured = try standing.pack(scope.measurements)
      sampled = try build(
        sampling, batch, Scope(graph: sampling, parameters: parameters, norms: .standing(standing)))
      standing.allocate()
      parameters.values.allocate()
      parameters.initialize(seed: 1)
    }

    func setBatch(seed: UInt64) {
      let numbers = testBlock(40, seed: seed)
      withExtendedLifetime(numbers) { _ = batch.values.update(fromContentsOf: numbers.values) }
    }
  }

  @Test("the measuring program communicates nothing and writes mean and variance of its batch")
  func measuring() throws {
    let net = try Net()
    #expect(!net.measuring.nodes.contains { $0.operation.isCollective })
    _ = try runProgram(net.measuring, [net.measured])
    #expect(net.standing.table.entries.map(\.name) == ["net/first/statistics", "net/second/statistics"])
    let first = net.standing.table.entries[0]
    for channel in 0..<5 {
      let x = (0..<8).map { Double(net.batch.values[$0 * 5 + channel]) }
      let mean = x.reduce(0, +) / 8
      let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 8
      // Float32 rounding of E[x²] − mean², with both below 1.
      #expect(abs(Double(net.standing.batch.values[first.offset + channel]) - mean) < 1e-6)
      #expect(abs(Double(net.standing.batch.values[first.offset + 5 + channel]) - variance) < 1e-6)
    }
  }

  @Test("with the statistics of the same batch, sampling computes what training does")
  func sameBatch() throws {
    let net = try Net()
    _ = try runProgram(net.measuring, [net.measured])
    net.standing.accumulate(samples: 8)
    net.standing.finish { _ in }
    let training = Graph()
    let scope = Scope(graph: training, parameters: net.parameters)
    let x = try training.read(net.batch, shape: [8, 5])
    let y = try batchNorm(relu(batchNorm(x, in: scope / "first") + 0.2), in: scope / "second")
    let expected = try runProgram(training, [y])[0].map(Double.init)
    #expect(relativeDifference(try runProgram(net.sampling, [net.sampled])[0], expected) < 5e-6)
  }

  @Test("over batches, means and second moments are averaged by their number of samples, over ranks too")
  func accumulation() throws {
    let net = try Net()
    var expected: (mean: Double, square: Double, n: Double) = (0, 0, 0)
    var others: [Double] = []
    for rank in 0..<2 {
      for (seed, samples) in [(11, 8), (12, 3)] as [(UInt64, Int)] {
        net.setBatch(seed: seed + UInt64(rank) * 7)
        _ = try runProgram(net.measuring, [net.measured])
        net.standing.accumulate(samples: samples)
        let (mean, variance) = (Double(net.standing.batch.values[1]), Double(net.standing.batch.values[5 + 1]))
        expected.mean += Double(samples) * mean
        expected.square += Double(samples) * (variance + mean * mean)
        expected.n += Double(samples)
      }
      // The first rank's share waits for the second's.
      if rank == 0 {
        net.standing.finish { sums in
          others = Array(sums)
        }
      }
    }
    net.standing.finish { sums in
      for index in sums.indices { sums[index] += others[index] }
    }
    let mean = expected.mean / expected.n
    #expect(abs(Double(net.standing.values.values[1]) - mean) < 1e-7)
    #expect(abs(Double(net.standing.values.values[6]) - (expected.square / expected.n - mean * mean)) < 1e-7)
  }

  @Test("before anything was measured, norms stand at mean 0 and variance 1")
  func start() throws {
    let net = try Net()
    for entry in net.standing.table.entries {
      #expect(Array(net.standing.table.slice(entry, of: net.standing.values)) == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    }
  }

  @Test("an image made with standing statistics does not depend on its batch")
  func independence() throws {
    let net = try Net()
    _ = try runProgram(net.measuring, [net.measured])
    net.standing.accumulate(samples: 8)
    net.standing.finish { _ in }
    let before = try runProgram(net.sampling, [net.sampled])[0]
    for index in 5..<40 { net.batch.values[index] = 9 }
    #expect(Array(try runProgram(net.sampling, [net.sampled])[0][0..<5]) == Array(before[0..<5]))
  }
}
