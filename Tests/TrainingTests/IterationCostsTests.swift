import Communication
import Datasets
import Forecasting
import Testing

@testable import Training

@Suite struct IterationCostsTests {
  private func costs(_ settings: [String] = [], ranks: Int = 1) throws -> IterationCosts {
    let digits = try #require(Recipe.embedded.first { $0.name == "digits" })
    let recipe = try Recipe(yaml: digits.yaml, origin: "digits", settings: settings)
    let dataset = try DatasetSource("digits").load(LoadingOptions())
    return try IterationCosts(recipe: recipe, dataset: dataset, rankCount: ranks, threads: 1)
  }

  @Test("memory counted before is the memory that a trainer takes")
  func memory() throws {
    let digits = try #require(Recipe.embedded.first { $0.name == "digits" })
    let recipe = try Recipe(yaml: digits.yaml, origin: "digits")
    let dataset = try DatasetSource("digits").load(LoadingOptions())
    let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: SoloCommunicator())
    let memory = try costs().rank.memory
    let bytes = { (name: String) in memory.first { $0.name.hasPrefix(name) }?.bytes ?? -1 }
    let networks = [trainer.generator, trainer.discriminator]
    let values = networks.reduce(0) { $0 + $1.parameters.values.count + $1.spectral.values.count }
    #expect(bytes("parameters") == 4 * values)
    #expect(bytes("Adam") == 4 * networks.reduce(0) { $0 + $1.firstMoment.count + $1.secondMoment.count })
    #expect(bytes("weight averages") == 4 * (trainer.generator.average?.count ?? -1))
    // Rounded up to whole pages.
    #expect(bytes("arena") <= trainer.arena.byteCount && bytes("arena") > trainer.arena.byteCount * 9 / 10)
    // Gradients, and a few numbers that travel with them.
    let parameters = 4 * networks.reduce(0) { $0 + $1.parameters.values.count }
    #expect(bytes("gradients") > parameters && bytes("gradients") < parameters + 1024)
  }

  @Test("data take what is stored of them: a byte a pixel, four a number, a label and a quantity")
  func dataBytes() throws {
    let bytes = { (costs: IterationCosts) in costs.rank.memory.first { $0.name.hasPrefix("data set") }?.bytes }
    #expect(try bytes(costs()) == 1_797 * (256 + 4))
    for (name, numbers) in [("vectors", 5), ("sequences", 48)] {
      let recipe = try Recipe(yaml: Recipe.embedded(named: name).yaml, origin: name)
      let dataset = try DatasetSource(recipe.data.source).load()
      let costs = try IterationCosts(recipe: recipe, dataset: dataset, rankCount: 1, threads: 1)
      #expect(bytes(costs) == 5_000 * (4 * numbers + 4 + 4 * 2))
    }
  }

  @Test("work goes down with the part of the batch, gradients and statistics do not")
  func ranks() throws {
    let (one, four, most) = (try costs(), try costs(ranks: 4), try costs(ranks: 63))
    #expect(one.rank.localBatch == 64 && four.rank.localBatch == 16 && most.rank.localBatch == 2)
    #expect(one.workload == four.workload)
    for (a, b) in zip(one.rank.work, four.rank.work) {
      #expect(a.operations > 3 * b.operations && a.bytesMoved > 2 * b.bytesMoved)
    }
    #expect(throws: Failure.self) { try costs(ranks: 65) }
  }

  @Test("norm.statistics says which sums a step waits for")
  func statistics() throws {
    let sums = { (statistics: String) in
      try costs(["norm.statistics=\(statistics)"], ranks: 2).workload.phases.map(\.blockingSums)
    }
    let (global, node, rank) = (try sums("global"), try sums("node"), try sums("rank"))
    #expect(global.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.extent == .all && $0.bytes > 0 } })
    #expect(node.map(\.count) == global.map(\.count) && node.joined().allSatisfy { $0.extent == .node })
    #expect(rank.map(\.count) == [0, 0])
  }
}
