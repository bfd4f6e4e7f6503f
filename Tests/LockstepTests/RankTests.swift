import TestSupport
import Testing

extension LockstepTests {
  @Suite struct RankTests {
    static let recipes: [(name: String, arguments: [String], iterations: Int, rate: Double, seeds: ClosedRange<Int>)] =
      [
        (
          "no kinks",
          smoothSettings + [
            "--set", "model.generator.attention.kernelL2=0.001", "--set", "training.r1Weight=1",
            "--set", "model.discriminator.attention.regularizerWeight=1",
          ], 50, 2e-4, 1...1
        ),
        ("dense-reference", ["--recipe", "dense-reference"], 50, 2e-4, 1...4),
        ("digits-dense", ["--recipe", "digits-dense"], 10, 2e-3, 1...6),
      ]

    @Test("checkpoints of 1, 2, 3 and 4 ranks under mpirun agree", .underMPI, arguments: recipes.indices)
    func agreement(index: Int) throws {
      let (name, arguments, iterations, rate, seeds) = Self.recipes[index]
      let scratch = try Scratch()
      // RankAgreementTests says why recipes with kinks have several seeds to agree with.
      for ranks in 2...4 {
        var found: [String] = []
        for seed in seeds {
          for count in [1, ranks] where !exists(scratch / "\(count)-\(seed)") {
            let run = try Run(
              [
                "train", "--recipe", "digits-dense", "--output", "\(count)-\(seed)", "--seed", "\(seed)",
                "--iterations", "\(iterations)",
              ]
                + arguments,
              ranks: count, in: scratch)
            try #require(run.status == 0, "\(run.errors)")
          }
          let differences = disagreements(
            try parameters(of: checkpoint(scratch / "\(ranks)-\(seed)", iterations)),
            try parameters(of: checkpoint(scratch / "1-\(seed)", iterations)), learningRate: rate,
            iterations: iterations)
          found += differences.prefix(3).map { "seed \(seed): \($0)" }
          if differences.isEmpty {
            found = []
            break
          }
        }
        #expect(found == [], "\(name) on \(ranks) ranks")
      }
    }
  }
}
