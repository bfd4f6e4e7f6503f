import Checkpoints
import Testing

extension LockstepTests {
  /// A run that goes on with a recipe that keeps other state than its checkpoint.
  @Suite struct ChangedStateTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func tensor(_ name: String, _ run: String, _ iteration: Int) throws -> [Float] {
      let file = try SafetensorsFile(path: checkpoint(scratch / run, iteration))
      var values = [Float](repeating: 0, count: try file.shape(of: name).count)
      try values.withUnsafeMutableBytes { try file.read(name, into: $0) }
      return values
    }

    @Test("an average that is allowed starts from the weights; one that is dropped is gone", arguments: [nil, 2])
    func average(ranks: Int?) throws {
      try #require(ranks == nil || Launch.hasMPI)
      let start = quickTraining("run", "training.averageDecay=none", "checkpoint.every=1", "checkpoint.keep=9")
      #expect(try Run(start + ["--iterations", "20"], ranks: ranks, in: scratch).status == 0)
      let change = ["--allow-change", "training.averageDecay", "--set"]
      let on = try Run(
        ["train", "--resume", "auto", "--output", "run", "--iterations", "21"] + change + ["training.averageDecay=0.5"],
        ranks: ranks, in: scratch)
      #expect(on.status == 0, "\(on.errors)")
      #expect(on.errors.contains("the moving average starts now, from the generator's weights"), "\(on.errors)")
      let kernel = "generator/before1/kernel"
      let (old, new) = (try tensor(kernel, "run", 20), try tensor(kernel, "run", 21))
      // After 20 updates the decay is the smaller of 0.5 and 21/30.
      for ((a, b), mean) in zip(zip(old, new), try tensor("average/" + kernel, "run", 21)) {
        #expect(abs(mean - (0.5 * a + 0.5 * b)) < 1e-6)
      }
      let off = try Run(
        ["train", "--resume", "auto", "--output", "run", "--iterations", "22"] + change + [
          "training.averageDecay=none"
        ],
        ranks: ranks, in: scratch)
      #expect(off.status == 0 && off.errors.contains("the checkpoint's moving average is dropped"), "\(off.errors)")
      #expect(try !SafetensorsFile(path: checkpoint(scratch / "run", 22)).names.contains { $0.hasPrefix("average/") })
      #expect(try Run("sample", "run", "--output", "x.npz", in: scratch).status == 0)
    }

    @Test("spectral norm that is allowed finds its vectors anew")
    func spectralNorm() throws {
      let settings = ["--set", "evaluation.classifierIterations=0", "--set", "evaluation.every=0"]
      #expect(
        try Run(["train", "--recipe", "digits", "--output", "run", "--iterations", "3"] + settings, in: scratch).status
          == 0)
      for (value, words) in [
        ("true", "the generator's weights are normalised from now on"),
        ("false", "the generator's weights are no longer normalised"),
      ] {
        let key = "model.generator.spectralNorm"
        let run = try Run(
          ["train", "--resume", "auto", "--output", "run", "--iterations", value == "true" ? "5" : "7"]
            + ["--set", "\(key)=\(value)", "--allow-change", key], in: scratch)
        #expect(run.status == 0 && run.errors.contains(words), "\(run.errors)")
      }
    }

    @Test("other networks are refused at once, and no option is named that would not help")
    func otherNetworks() throws {
      #expect(try Run(quickTraining("run") + ["--iterations", "2"], in: scratch).status == 0)
      for setting in [
        "model.generator.hiddenBefore=[64]", "model.noiseSize=7", "model.generator.attention.gate=false",
        "model.discriminator.tokens=4", "model.discriminator.activation=prelu",
      ] {
        let key = String(setting.prefix { $0 != "=" })
        for more in [[], ["--allow-change", key], ["--allow-change", "model"]] {
          let run = try Run(
            ["train", "--resume", "auto", "--output", "run", "--iterations", "4", "--set", setting] + more, in: scratch)
          let refuses = setting.hasSuffix("gate=false") ? nil : Int32(78)
          // A gate that is dropped leaves weights that fit.
          if let refuses {
            #expect(run.status == refuses, "\(setting) \(more): \(run.errors)")
            #expect(
              run.errorLines.last?.contains("whose networks are others, so that no --allow-change helps: it") == true,
              "\(run.errors)")
          } else {
            #expect(run.status == (more.isEmpty ? 78 : 0), "\(run.errors)")
            if !more.isEmpty { break }
          }
        }
      }
      // What changes no weights is still allowed by its key.
      let activation = try Run(
        [
          "train", "--resume", "auto", "--output", "run", "--iterations", "6", "--set",
          "model.discriminator.activation=tanh", "--set", "model.generator.attention.gate=false",
        ], in: scratch)
      #expect(
        activation.errors.contains("or allow each: --allow-change model.discriminator.activation"),
        "\(activation.errors)")
    }
  }
}
