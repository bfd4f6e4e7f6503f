@testable import Forecasting

/// Round numbers, so that tests can say what comes out.
enum Fixtures {
  /// 1 ms and 1 MB/s between nodes; 10 MB/s and 0.1 ms within one; 1 s + 0.1 s an image.
  static func machine(
    nodes: Int = 1, origin: Machine.Network.Origin = .given, latency: Double = 1e-3, rate: Double = 1e6
  ) -> Machine {
    let phase = { (name: String, bytes: Int) in
      Machine.Phase(
        name: name, gradientBytes: bytes, work: LinearFit(fixed: 1, slope: 0.1),
        early: LinearFit(fixed: 0.1, slope: 0.01), backward: LinearFit(fixed: 0.4, slope: 0.02),
        updateSeconds: 0.25)
    }
    return Machine(
      recipe: "small", core: "SkylakeX", threads: 1, processes: 2, measuredImages: 2...8, fitError: 0.03,
      phases: [phase("discriminator", 1_000_000), phase("generator", 500_000)], sumBytesPerSecond: 1e7,
      barrierSeconds: 1e-4,
      network: Machine.Network(
        latencySeconds: latency, bytesPerSecond: rate, origin: origin, nodes: nodes))
  }

  static func workload(
    batch: Int = 16, discriminatorSteps: Int = 2, extent: Workload.Extent = .all, buckets: Int? = nil
  ) -> Workload {
    func cut(_ bytes: Int) -> [Int] { buckets.map { Array(repeating: $0, count: bytes / $0) } ?? [bytes] }
    return Workload(
      recipe: "small", globalBatch: batch,
      phases: [
        Workload.Phase(
          name: "discriminator", repetitions: discriminatorSteps, bucketBytes: cut(1_000_000), blockingSums: []),
        Workload.Phase(
          name: "generator", repetitions: 1, bucketBytes: cut(500_000),
          blockingSums: [
            Workload.BlockingSum(bytes: 1000, extent: extent), Workload.BlockingSum(bytes: 3000, extent: extent),
          ]),
      ])
  }

  static let needs = RankNeeds(
    localBatch: 2,
    memory: [RankNeeds.Memory("parameters", bytes: 1_500_000), RankNeeds.Memory("data set", bytes: 500_000)],
    work: [
      RankNeeds.Work(phase: "discriminator", operations: 2_000_000_000, bytesMoved: 30_000_000),
      RankNeeds.Work(phase: "generator", operations: 1_000_000_000, bytesMoved: 10_000_000),
    ])
}
