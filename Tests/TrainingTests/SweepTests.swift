import Testing

@testable import Training

@Suite struct SweepTests {
  private func plan(_ text: String) throws -> SweepPlan { try SweepPlan(SweepSpace(yaml: text, origin: "space.yaml")) }

  private func message(_ text: String) -> String {
    do { _ = try plan(text) } catch { return "\(error)" }
    return "nothing"
  }

  @Test("a grid has all combinations, whole numbers where the key wants them")
  func grid() throws {
    let plan = try plan(
      """
      space:
        training.batchSize: {from: 32, to: 128, steps: 3, scale: log}
        model.generator.attention.activation: [none, tanh]
      seeds: 2
      """)
    #expect(plan.trials.map(\.recipe.training.batchSize) == [32, 32, 64, 64, 128, 128])
    #expect(plan.jobs(of: plan.trials).count == 12)
    #expect(plan.jobs(of: plan.trials)[6].name == "0001-seed-2")
  }

  @Test(
    "what is wrong with a space is said, with the key",
    arguments: [
      ("spaec: {}\n", "did you mean space?"), ("space: {seed: [1]}\n", "cannot be compared"),
      ("space: {training.batchSize: []}\n", "empty list"),
      ("space: {training.betch: [1]}\n", "training.betch"),
      ("space: {training.beta1: {from: 1, to: 0, steps: 2}}\n", "empty range"),
      ("space: {training.beta1: {from: 0, to: 0.5}}\n", "needs steps"),
      ("space: {training.beta1: [0.5, 2]}\n", "trial 2"),
      ("space: {training.averageDecay: [none, 0.99]}\n", "cannot be compared"),
    ])
  func refusals(text: String, words: String) {
    #expect(message(text).contains(words), "\(message(text))")
  }

  @Test("random draws repeat with their seed and lie in the range")
  func random() throws {
    let text =
      "space: {training.generatorLearningRate: {from: 1e-4, to: 1e-2, scale: log}}\nmethod: random\ntrials: 5\n"
    let (a, b) = (try plan(text), try plan(text))
    #expect(a.trials.count == 5 && a.digest == b.digest)
    #expect(a.trials.allSatisfy { (1e-4...1e-2).contains($0.recipe.training.generatorLearningRate) })
    #expect(try plan(text + "drawSeed: 2\n").digest != a.digest)
  }

  private func result(_ trial: Int, _ seed: Int, _ value: Double?) -> SweepResult {
    SweepResult(
      trial: trial, seed: seed, iterations: 300, value: value, failure: value == nil ? "not \"finite\"\n" : nil,
      measurement: "samples: 256", seconds: 2, ranks: 1)
  }

  @Test("halving keeps one of every η, the best by their means, and none that failed")
  func halving() throws {
    let plan = try plan(
      "space: {training.batchSize: [16, 32, 64, 128]}\nmethod: halving\neta: 2\niterations: 300\nfirstIterations: 100\n"
    )
    #expect(plan.rungs == [100, 200, 300])
    let results = [result(1, 1, 4), result(2, 1, 1), result(3, 1, nil), result(4, 1, 2)]
    let rows = SweepTable.rows(of: plan.trials, results)
    #expect(SweepTable.survivors(rows, eta: 2, measure: .frechet) == [2, 4])
    #expect(SweepTable.survivors(rows, eta: 2, measure: .coverage) == [1, 4])
  }

  @Test("the table says which differences are smaller than the spread")
  func table() throws {
    let plan = try plan("space: {training.batchSize: [16, 32, 64]}\nseeds: 2\n")
    let values: [(Int, Double)] = [(1, 10), (1, 12), (2, 11), (2, 13), (3, 30), (3, 31)]
    let table = try SweepTable(plan, values.enumerated().map { result($1.0, $0 % 2 + 1, $1.1) })
    #expect(table.rows.map(\.standing) == ["best", "within the spread", "worse"])
    #expect(table.rows[0].mean == 11 && abs((table.rows[0].deviation ?? 0) - 2.0.squareRoot()) < 1e-12)
    #expect(table.rows[0].cost == 4)
  }

  @Test("a result reads back as it was written, a failure's words included")
  func record() {
    let failed = result(3, 1, nil)
    #expect(SweepResult(line: Array(failed.line.utf8))?.failure?.contains("\"finite\"") == true)
    #expect(SweepResult(line: Array(result(1, 2, 0.25).line.utf8)) == result(1, 2, 0.25))
    #expect(SweepResult(line: Array("{\"trial\":1".utf8)) == nil)
  }
}
