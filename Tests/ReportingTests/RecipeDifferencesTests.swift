import Testing

@testable import Reporting

@Suite struct RecipeDifferencesTests {
  @Test("keys are named with their groups; what is equal is left out, what one recipe lacks is a dash")
  func differences() {
    let a = "name: a\nmodel:\n  generator:\n    hidden: [64]\n  kind: dense\ntraining:\n  batchSize: 64\n"
    let b = "name: a\nmodel:\n  generator:\n    hidden: [128]\n  kind: dense\ntraining:\n  loss: hinge # x: y\n"
    #expect(
      RecipeDifferences(of: [a, b]).rows == [
        ["model.generator.hidden", "[64]", "[128]"], ["training.batchSize", "64", "–"],
        ["training.loss", "–", "hinge # x: y"],
      ])
    #expect(RecipeDifferences(of: [a, a]).rows.isEmpty)
    #expect(RecipeDifferences(of: ["", "::\n :"]).rows.count <= 1)
  }
}
