import Testing

@testable import Forecasting

@Suite struct ForecastTests {
  @Test("one rank computes and updates, and waits for nobody")
  func alone() throws {
    let forecast = Forecast(workload: Fixtures.workload(), machine: Fixtures.machine())
    let iteration = try #require(forecast.strong(Layout(nodes: 1, ranksPerNode: 1)))
    // Three steps of 1 s + 16 × 0.1 s, and 0.25 s each.
    #expect(iteration.seconds.isApproximately(3 * (1 + 1.6 + 0.25)))
    #expect(iteration.imagesPerSecond.isApproximately(16 / 8.55))
    #expect(iteration.exposedShare == 0 && iteration.statisticsShare == 0)
  }

  @Test("two nodes by hand: what is waited for, and what is hidden")
  func twoNodes() throws {
    let (machine, layout) = (Fixtures.machine(), Layout(nodes: 2, ranksPerNode: 1))
    let waiting = try #require(
      Forecast(workload: Fixtures.workload(), machine: machine, overlap: .none).strong(layout))
    #expect(waiting.phases[0].exposed.isApproximately(2 * 1.001))
    #expect(waiting.phases[1].exposed.isApproximately(0.501))
    #expect(waiting.phases[1].statistics.isApproximately(2 * 1e-3 + 4e-3))
    #expect(waiting.phases[0].work.isApproximately(2 * 1.8) && waiting.phases[0].update.isApproximately(0.5))
    #expect(waiting.phases[0].hidden == 0)

    // 8 images: what comes early takes 0.18 s; of two steps of the discriminator, only the second has the generator behind it.
    let whole = Overlap(bucketBytes: .max, backwardShare: 0.5)
    let one = try #require(Forecast(workload: Fixtures.workload(), machine: machine, overlap: whole).strong(layout))
    #expect(one.phases[0].hidden.isApproximately(0.18))
    #expect(one.phases[0].exposed.isApproximately(1.001 + 1.001 - 0.18))
    #expect(one.phases[1].exposed.isApproximately(0.501 - 0.18))
    // Four buckets hide half of 3/4 of the backward pass of 0.56 s, too; several are under way at a time.
    let overlap = Overlap(bucketBytes: 250_000, backwardShare: 0.5, earlyShare: 0.5)
    let four = try #require(
      Forecast(workload: Fixtures.workload(buckets: 250_000), machine: machine, overlap: overlap).strong(layout))
    #expect(four.phases[0].exposed.isApproximately(2 * (1.001 - 0.5 * 0.56 * 0.75) - 0.09))
    #expect(four.phases[1].exposed.isApproximately(0.501 - 0.09 - 0.5 * 0.56 * 0.5))
  }

  @Test("nothing is hidden beyond what there is, and sums within a node are never hidden")
  func bounds() throws {
    let fast = Fixtures.machine(rate: 1e9)
    let layout = Layout(nodes: 2, ranksPerNode: 2)
    let iteration = try #require(Forecast(workload: Fixtures.workload(buckets: 62_500), machine: fast).strong(layout))
    // 16 buckets of 62.5 KB at 1 GB/s, four at a time, a latency each; the backward pass is longer.
    #expect(iteration.phases[0].hidden.isApproximately(2 * 16 * (1e-3 + 62_500e-9) / 4))
    #expect(iteration.phases[0].exposed.isApproximately(2 * 0.1502))
  }

  @Test("a slowdown stretches computing, not the network")
  func slowdown() throws {
    let layout = Layout(nodes: 2, ranksPerNode: 1)
    let plain = Forecast(workload: Fixtures.workload(), machine: Fixtures.machine(), overlap: .none)
    let slow = Forecast(workload: Fixtures.workload(), machine: Fixtures.machine(), overlap: .none, slowdown: 1.5)
    let (a, b) = (try #require(plain.strong(layout)), try #require(slow.strong(layout)))
    #expect(b.phases[1].work.isApproximately(1.5 * a.phases[1].work))
    #expect(b.phases[1].update.isApproximately(1.5 * a.phases[1].update))
    #expect(b.phases[1].exposed == a.phases[1].exposed && b.phases[1].statistics == a.phases[1].statistics)
  }

  @Test("slower networks, larger gradients and more nodes never make a part of the batch faster")
  func monotonous() throws {
    let seconds = { (nodes: Int, latency: Double, rate: Double) -> Double in
      let machine = Fixtures.machine(latency: latency, rate: rate)
      return Forecast(workload: Fixtures.workload(batch: 1 << 20), machine: machine)
        .weak(Layout(nodes: nodes, ranksPerNode: 2))?.seconds ?? .infinity
    }
    var before = 0.0
    for nodes in (0...10).map({ 1 << $0 }) {
      #expect(seconds(nodes, 1e-3, 1e6) >= before)
      before = seconds(nodes, 1e-3, 1e6)
    }
    for nodes in [2, 3, 7, 64, 1000] {
      let base = seconds(nodes, 1e-3, 1e6)
      #expect(seconds(nodes, 2e-3, 1e6) > base && seconds(nodes, 1e-3, 5e5) > base)
    }
  }

  @Test("images are split until there is less than one for a rank")
  func split() {
    let forecast = Forecast(workload: Fixtures.workload(), machine: Fixtures.machine())
    #expect(Layout(nodes: 3, ranksPerNode: 2).localBatch(ofGlobal: 16) == 3)
    #expect(forecast.strong(Layout(nodes: 8, ranksPerNode: 2)) != nil)
    #expect(forecast.strong(Layout(nodes: 9, ranksPerNode: 2)) == nil)
    #expect(forecast.weak(Layout(nodes: 9, ranksPerNode: 2))?.globalBatch == 144)
    #expect(forecast.weak(Layout(nodes: 9, ranksPerNode: 17)) == nil)
  }

  @Test("the table goes to 1,024 nodes, counts efficiency from one node, and says what is extrapolated")
  func scaling() throws {
    let forecast = Forecast(
      workload: Fixtures.workload(batch: 12), machine: Fixtures.machine(nodes: 2, origin: .measured))
    let rows = Scaling(forecast, layout: Layout(nodes: 3, ranksPerNode: 2)).rows
    #expect(rows.map(\.layout.nodes) == [1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
    #expect(rows.map(\.isExtrapolated).prefix(3) == [false, false, true])
    #expect(rows[0].strong?.efficiency == 1 && rows[0].weak?.efficiency == 1)
    #expect(rows.map { $0.strong != nil }.prefix(5) == [true, true, true, true, false])
    let (one, three) = (try #require(rows[0].strong), try #require(rows[2].strong))
    #expect(three.efficiency.isApproximately(one.seconds / three.seconds / 3))
    let weak = try #require(rows[4].weak)
    #expect(weak.efficiency.isApproximately(one.seconds / weak.seconds))
    // 2 to 8 images were measured, not 1 or 16.
    let parts = { (batch: Int) in
      let forecast = Forecast(
        workload: Fixtures.workload(batch: batch), machine: Fixtures.machine(nodes: 2, origin: .measured))
      return Scaling(forecast, layout: Layout(nodes: 2, ranksPerNode: 1)).rows.prefix(2).map(\.isExtrapolated)
    }
    #expect(parts(2) == [false, true] && parts(16) == [true, false])
    // What was given is not measured.
    let given = Forecast(workload: Fixtures.workload(), machine: Fixtures.machine(nodes: 2, origin: .given))
    #expect(Scaling(given, layout: Layout(nodes: 2, ranksPerNode: 1)).rows[1].isExtrapolated)
  }

  @Test("advice names what takes more than a tenth of an iteration")
  func advice() {
    let layout = Layout(nodes: 2, ranksPerNode: 1)
    let advice = { (latency: Double, rate: Double) in
      Forecast(workload: Fixtures.workload(), machine: Fixtures.machine(latency: latency, rate: rate))
        .advice(for: layout)
    }
    #expect(advice(1e-6, 1e9).isEmpty)
    #expect(advice(1e-6, 1e5).count == 1 && advice(1e-6, 1e5)[0].contains("training.batchSize"))
    #expect(advice(1, 1e9).contains { $0.contains("norm.statistics=node") })
  }
}
