import Testing

@testable import Training

@Suite struct RecipeWarningsTests {
  @Test("the recommended recipe has no warnings")
  func recommended() throws {
    #expect(try recipe("digits-dense").warnings == [])
  }

  @Test(
    "a setting that failed in experiments has its warning, and only that",
    arguments: [
      ("training.beta1=0.9", "training.beta1 0.9"),
      ("training.generatorLearningRate=0.0002", "a learning rate of 0.0002"),
      ("training.discriminatorLearningRate=0.0001", "a learning rate of 0.0001"),
      ("training.averageDecay=none", "training.averageDecay none"),
      ("model.generator.attention.gate=false", "attention.gate true mends it"),
      ("model.discriminator.attention.gate=false", "attention.gate true mends it"),
      ("training.weightDecay=0", "training.weightDecay 0"),
    ])
  func failures(setting: String, warning: String) throws {
    let warnings = try recipe("digits-dense", setting).warnings
    #expect(warnings.count == 1)
    #expect(warnings.first?.contains(warning) == true, "\(warnings)")
  }

  @Test(
    "vectors and sequences under classes have no warnings, without their penalty they have",
    arguments: ["vectors", "sequences"])
  func classes(name: String) throws {
    #expect(try recipe(name, "model.condition.kind=classes").warnings == [])
    #expect(try recipe(name, "model.condition.kind=classes", "training.r1Weight=0").warnings.count == 1)
  }

  @Test("attention that can select, or that is left out, needs no gate")
  func selecting() throws {
    let gateless = "model.generator.attention.gate=false"
    #expect(try recipe("digits-dense", gateless, "model.generator.attention.activation=none").warnings == [])
    #expect(try recipe("digits-dense", gateless, "model.generator.tokens=none").warnings == [])
  }
}
