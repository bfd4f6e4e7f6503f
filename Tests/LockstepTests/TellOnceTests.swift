import Testing

extension LockstepTests {
  @Suite struct TellOnceTests {
    @Test("ranks that fail alike without knowing of each other say it once", .underMPI, arguments: [3])
    func once(ranks: Int) throws {
      // Both networks leave the finite numbers in the same iteration on all ranks.
      let rates = ["generator", "discriminator"].flatMap { ["--set", "training.\($0)LearningRate=10"] }
      let run = try Run(
        quickTraining("run") + ["--iterations", "3000", "--check-finite"] + rates, ranks: ranks, in: Scratch())
      #expect(run.status == 1)
      let said = run.errorLines.filter { $0.hasPrefix("lockstep: ") }
      #expect(said.count == 1 && said[0].hasSuffix("everything before it was finite"), "\(run.errors)")
    }
  }
}
