import Testing

@testable import Training

@Suite struct MeantKeysTests {
  private static let sagan = Recipe.keys(of: .sagan)
  private static let dense = Recipe.keys(of: .denseAttention)

  @Test("every key that a synonym stands for exists, and no synonym is a key by itself")
  func targets() {
    let all = Set(Self.sagan + Self.dense)
    for (name, meaning) in SettingNames.table {
      #expect(name == SettingNames.normalized(name), "\(name) would never be found")
      if case .keys(let keys) = meaning { for key in keys { #expect(all.contains(key), "\(name): \(key)") } }
    }
  }

  @Test(
    "names of other programs mean keys by their meaning",
    arguments: [
      ("learning_rate", ["training.generatorLearningRate", "training.discriminatorLearningRate"]),
      ("learningRate", ["training.generatorLearningRate", "training.discriminatorLearningRate"]),
      ("lr", ["training.generatorLearningRate", "training.discriminatorLearningRate"]),
      ("training.lr", ["training.generatorLearningRate", "training.discriminatorLearningRate"]),
      ("lr_g", ["training.generatorLearningRate"]), ("d_lr", ["training.discriminatorLearningRate"]),
      ("generator.lr", ["training.generatorLearningRate"]),
      ("discriminator.learning_rate", ["training.discriminatorLearningRate"]),
      ("batch", ["training.batchSize"]), ("n_critic", ["training.discriminatorSteps"]), ("z_dim", ["model.noiseSize"]),
      ("latent_dim", ["model.noiseSize"]), ("noise-dim", ["model.noiseSize"]),
      ("num_classes", ["model.condition.size"]),
      ("img_size", ["data.height", "data.width"]), ("ema", ["training.averageDecay"]),
      ("lambda_gp", ["training.gradientPenaltyWeight"]), ("r1_gamma", ["training.r1Weight"]),
      ("hflip", ["data.flip"]), ("save_every", ["checkpoint.every"]), ("betas", ["training.beta1", "training.beta2"]),
      ("hidden", ["model.generator.channels", "model.discriminator.channels"]), ("seeds", ["seed"]),
    ])
  func meaning(name: String, keys: [String]) {
    #expect(MeantKeys(of: name, among: Self.sagan) == .allOf(keys))
  }

  @Test(
    "keys in other letters or without their groups are found before letters are compared",
    arguments: [
      ("training.batch_size", ["training.batchSize"]), ("batchSize", ["training.batchSize"]),
      ("BATCH-SIZE", ["training.batchSize"]), ("train.batch_size", ["training.batchSize"]),
      ("Model.Noise_Size", ["model.noiseSize"]), ("generator.channels", ["model.generator.channels"]),
      ("every", ["evaluation.every", "checkpoint.every"]),
      ("evaluate.every", ["evaluation.every", "checkpoint.every"]),
      ("training.bachSize", ["training.batchSize"]), ("sed", ["seed"]),
    ])
  func spelling(name: String, keys: [String]) {
    #expect(MeantKeys(of: name, among: Self.sagan) == .anyOf(keys))
  }

  @Test("keys of the other networks and what is no key are told as such")
  func others() {
    #expect(
      MeantKeys(of: "model.generator.attention.gate", among: Self.sagan)
        == .ofKind(.denseAttention, ["model.generator.attention.gate"]))
    #expect(
      MeantKeys(of: "spectral_norm", among: Self.dense)
        == .ofKind(.sagan, ["model.generator.spectralNorm", "model.discriminator.spectralNorm"]))
    #expect(
      MeantKeys(of: "hidden", among: Self.dense)
        == .allOf(["model.generator.hiddenBefore", "model.discriminator.hiddenBefore"]))
    for name in ["optimizer", "epochs", "dropout", "num_workers", "device", "heads", "warmup_steps", "fp16"] {
      guard case .advice = MeantKeys(of: name, among: Self.sagan) else {
        Issue.record("\(name) is no key")
        continue
      }
    }
    #expect(MeantKeys(of: "qwertyuiop", among: Self.sagan) == nil && MeantKeys(of: "", among: Self.sagan) == nil)
  }

  @Test("the message names all of them")
  func messages() {
    #expect {
      var recipe = Recipe()
      try recipe.apply(setting: "learning_rate=0.1")
    } throws: {
      "\($0)"
        == "--set: there is no key learning_rate; did you mean training.generatorLearningRate and "
        + "training.discriminatorLearningRate? `lockstep recipes --keys` lists all"
    }
  }
}
