import Testing

@testable import Forecasting

@Suite struct CollectiveCostsTests {
  @Test("ranks of a node read all blocks of their slice and write the result")
  func nodeSum() {
    let machine = Fixtures.machine()
    #expect(NodeSum.bytesMoved(1000, ranks: 1) == 0)
    #expect(NodeSum.bytesMoved(1000, ranks: 2) == 1500)
    #expect(NodeSum.bytesMoved(1000, ranks: 4) == 1250)
    #expect(NodeSum.seconds(1_000_000, ranks: 1, on: machine) == 0)
    // 1.5 MB at 10 MB/s and two meetings of 0.1 ms.
    #expect(NodeSum.seconds(1_000_000, ranks: 2, on: machine).isApproximately(0.1502))
  }

  @Test("two nodes swap everything; more halve and double; short values only double")
  func exchange() {
    // nodes, bytes → rounds, messages, bytes sent
    let rows: [(Int, Int, Int, Int, Double)] = [
      (1, 1_000_000, 0, 0, 0),
      // Messages of at most 61,440 bytes.
      (2, 1_000_000, 1, 17, 1_000_000),
      (4, 1_000_000, 4, 2 * (9 + 5), 1_500_000),
      (8, 1_000_000, 6, 2 * (9 + 5 + 3), 1_750_000),
      (1024, 1_024_000, 20, 2 * (9 + 5 + 3 + 2 + 6), 2_046_000),
      (8, 1000, 3, 3, 3000),
      (8, 65_536, 3, 6, 196_608),
      (8, 65_537, 6, 6, 2 * 65_537 * 0.875),
      // One node hands its values to another and gets the sum back.
      (3, 1000, 3, 2, 2000),
      (5, 1_000_000, 6, 2 * (9 + 5) + 17, 2_500_000),
    ]
    for (nodes, bytes, rounds, messages, sent) in rows {
      let exchange = NodeExchange(bytes, nodes: nodes)
      #expect(exchange.rounds == rounds, "\(nodes) nodes, \(bytes) bytes")
      #expect(exchange.messages == messages, "\(nodes) nodes, \(bytes) bytes")
      #expect(exchange.bytes.isApproximately(sent), "\(nodes) nodes, \(bytes) bytes")
    }
    // 4 latencies of 1 ms, 1.5 MB at 1 MB/s.
    let network = Fixtures.machine().network
    #expect(NodeExchange(1_000_000, nodes: 4).seconds(on: network).isApproximately(1.504))
  }

  @Test("a sum of gradients pays its latency once while the wire is busy, else for as many buckets as are under way")
  func buckets() {
    let machine = Fixtures.machine()
    func sum(_ buckets: [Int], inFlight: Int = 4, nodes: Int = 2, on other: Machine? = nil) -> GradientReduction {
      GradientReduction(
        buckets: buckets, inFlight: inFlight, layout: Layout(nodes: nodes, ranksPerNode: nodes),
        machine: other ?? machine)
    }
    let one = sum([1_000_000])
    #expect(one.networkSeconds.isApproximately(1.001) && one.nodeSeconds.isApproximately(0.1502))
    #expect(sum([250_000, 150_000, 350_000, 250_000]).networkSeconds.isApproximately(1.001))
    // 40 buckets, two at a time: 20 times 10 ms and 25 µs.
    let far = sum(
      Array(repeating: 25_000, count: 40), inFlight: 2, on: Fixtures.machine(latency: 0.01, rate: 1e9))
    #expect(far.networkSeconds.isApproximately(20 * (0.01 + 25e-6)))
    let alone = sum([1_000_000], nodes: 1)
    #expect(alone.networkSeconds == 0 && alone.nodeSeconds == 0)
  }

  @Test("statistics of all ranks cross the network, those of a node do not")
  func blocking() {
    let (machine, layout) = (Fixtures.machine(), Layout(nodes: 8, ranksPerNode: 2))
    let within = 1000 * 1.5 / 1e7 + 2e-4
    #expect(
      Workload.BlockingSum(bytes: 1000, extent: .node).seconds(layout: layout, machine: machine)
        .isApproximately(within))
    // log₂ 8 messages of 1000 bytes.
    #expect(
      Workload.BlockingSum(bytes: 1000, extent: .all).seconds(layout: layout, machine: machine)
        .isApproximately(within + 3 * (1e-3 + 1e-3)))
  }

  @Test("messages and bytes of an iteration are those of its sums")
  func traffic() {
    let workload = Fixtures.workload()
    #expect(workload.traffic(layout: Layout(nodes: 1, ranksPerNode: 4)) == Workload.Traffic())
    // Two nodes: 2 × 1 MB, 500 KB, in messages of 60 KB, and 4 KB of statistics in two.
    let two = workload.traffic(layout: Layout(nodes: 2, ranksPerNode: 1))
    #expect(two.messages == 2 * 17 + 9 + 2 && two.bytes.isApproximately(2_504_000))
    // Two ranks a node send half of the gradients each.
    let shared = workload.traffic(layout: Layout(nodes: 2, ranksPerNode: 2))
    #expect(shared.messages == 2 * 9 + 5 + 2 && shared.bytes.isApproximately(1_254_000))
    // Ten buckets of 100 KB, five, and statistics.
    let bucketed = Fixtures.workload(buckets: 100_000).traffic(layout: Layout(nodes: 4, ranksPerNode: 1))
    #expect(bucketed.messages == 2 * 10 * 4 + 5 * 4 + 2 * 2)
    #expect(bucketed.bytes.isApproximately(1.5 * 2_500_000 + 2 * 4000))
    let node = Fixtures.workload(extent: .node).traffic(layout: Layout(nodes: 2, ranksPerNode: 1))
    #expect(node.messages == 2 * 17 + 9 && node.bytes.isApproximately(2_500_000))
  }
}
