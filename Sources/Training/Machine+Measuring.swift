import Clocks
import Communication
import Datasets
import Forecasting
import Kernels
import Tensors

extension Machine {
  /// Measures what a forecast of `recipe` needs, in about 15 seconds: each process trains alone, all of a job at the same
  /// time; then they sum.
  ///
  /// - Parameters:
  ///   - mostImages: the largest part of a batch that is worth knowing.
  ///   - settings: how gradients will be summed.
  ///   - network: what is taken for the network where this job does not span nodes, so that it cannot be measured.
  public init(
    measuring recipe: Recipe, dataset: Dataset, mostImages: Int, communicator: any Communicator, team: ThreadTeam,
    settings: ReductionSettings, network: Network
  ) throws {
    var times = try IterationTimes(
      recipe: recipe, dataset: dataset, mostImages: mostImages, team: team, settings: settings
    ) { seconds in
      Double(try communicator.maximum(of: Int64(seconds * 1e9))) * 1e-9
    }
    var means = times.seconds.map { $0 / Double(communicator.size) }
    try means.withUnsafeMutableBufferPointer { try communicator.allReduceSum($0) }
    times.seconds = means
    let phases = times.phases

    let bytes = phases.map(\.gradientBytes).max() ?? 4
    let sharesNode = communicator.nodeSize > 1 && communicator.nodeSize == communicator.size
    let barrier = sharesNode ? try Stopwatch.seconds(of: { try communicator.barrier() }, over: communicator) : 1e-6
    let rate = try Self.sumRate(bytes, communicator, barrierSeconds: barrier)
    var machine = Machine(
      recipe: recipe.name, core: StartUp.coreName, threads: team.count, processes: communicator.nodeSize,
      measuredImages: times.measuredImages, fitError: times.fitError, phases: phases, sumBytesPerSecond: rate,
      barrierSeconds: barrier, network: network)
    let nodes = try communicator.allGather(communicator.nodeRank).count { $0 == 0 }
    if nodes > 1 { machine.network = try machine.measuredNetwork(communicator, nodes: nodes) }
    self = machine
  }

  /// How fast ranks of a node sum: measured where they all are on one, else from this process's memory.
  private static func sumRate(
    _ bytes: Int, _ communicator: any Communicator, barrierSeconds: Double
  ) throws -> Double {
    let ranks = communicator.nodeSize
    if ranks > 1 && ranks == communicator.size {
      let block = try communicator.makeReducibleBlock(floatCount: bytes / 4)
      let seconds = try Stopwatch.seconds(of: { try block.allReduceSum() }, over: communicator)
      return NodeSum.bytesMoved(bytes, ranks: ranks) / max(seconds - 2 * barrierSeconds, 0.2 * seconds)
    }
    // What one of two ranks does: half of both blocks is read, and written.
    let blocks = (0..<2).map { _ in MemoryBlock(byteCount: bytes) }
    let (first, second) = (blocks[0].floats, blocks[1].floats)
    let seconds = try Stopwatch.seconds(
      of: {
        // The views alone do not keep the memory.
        withExtendedLifetime(blocks) {
          for index in 0..<bytes / 8 {
            let sum = first[index] + second[index]
            first[index] = sum
            second[index] = sum
          }
        }
      }, over: communicator)
    return NodeSum.bytesMoved(bytes, ranks: 2) / seconds
  }

  /// Latency from small sums, as statistics are summed; bandwidth from large ones as gradients are summed.
  private func measuredNetwork(_ communicator: any Communicator, nodes: Int) throws -> Network {
    let small = try [256, 4096, 16_384].map { bytes in
      let values = MemoryBlock(byteCount: bytes)
      return point(
        bytes, nodes, try Stopwatch.seconds(of: { try communicator.allReduceSum(values.floats) }, over: communicator))
    }
    let sizes = Set(phases.map(\.gradientBytes).filter { $0 > NodeExchange.shortBytes } + [1 << 18, 1 << 20])
    let large = try sizes.sorted().map { bytes in
      let block = try communicator.makeReducibleBlock(floatCount: bytes / 4)
      return point(bytes, nodes, try Stopwatch.seconds(of: { try block.allReduceSum() }, over: communicator))
    }
    let (short, long) = (LinearFit(small), LinearFit(large))
    return Network(
      latencySeconds: max(short.fixed, 1e-9), bytesPerSecond: 1 / max(long.slope, 1e-15), origin: .measured,
      nodes: nodes)
  }

  /// One sum's time and bytes, per round of messages.
  private func point(_ bytes: Int, _ nodes: Int, _ seconds: Double) -> (x: Double, seconds: Double) {
    let exchange = NodeExchange(bytes, nodes: nodes)
    let onNode = NodeSum.seconds(bytes, ranks: processes, on: self)
    return (exchange.bytes / Double(exchange.rounds), max(seconds - onNode, 0.2 * seconds) / Double(exchange.rounds))
  }
}

private enum Stopwatch {
  /// Median seconds of a call, on the slowest rank; all ranks make as many calls, for about 0.3 s.
  static func seconds(of call: () throws -> Void, over communicator: any Communicator) throws -> Double {
    var first = UInt64(1)
    for _ in 0..<3 {
      try communicator.barrier()
      let start = SystemClock.monotonic.nanoseconds
      try call()
      first = max(1, SystemClock.monotonic.nanoseconds - start)
    }
    let slowest = try communicator.maximum(of: Int64(first))
    let count = min(2000, max(5, Int(300_000_000 / slowest)))
    var nanoseconds: [UInt64] = []
    for _ in 0..<count {
      let start = SystemClock.monotonic.nanoseconds
      try call()
      nanoseconds.append(max(1, SystemClock.monotonic.nanoseconds - start))
    }
    return Double(try communicator.maximum(of: Int64(nanoseconds.sorted()[count / 2]))) * 1e-9
  }
}
