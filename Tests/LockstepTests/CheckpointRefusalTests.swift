import Checkpoints
import Foundation
import Tensors
import Testing

extension LockstepTests {
  /// Checkpoints that do not fit or are damaged: one clear line, nothing overwritten.
  @Suite struct CheckpointRefusalTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func train(_ iterations: Int, _ more: String..., settings: String...) throws -> Run {
      try Run(
        quickTraining("run") + settings.flatMap { ["--set", $0] } + ["--iterations", "\(iterations)"] + more,
        in: scratch)
    }

    /// Writes a checkpoint again, otherwise.
    private func rewrite(
      _ source: String, to path: String, metadata: [String: String?] = [:],
      tensor change: (StoredTensor) throws -> StoredTensor? = { $0 }
    ) throws {
      let file = try SafetensorsFile(path: source)
      var memory: [UnsafeMutableRawBufferPointer] = []
      defer { for block in memory { block.deallocate() } }
      let tensors = try file.names.compactMap { name in
        let (shape, type) = (try file.shape(of: name), try file.type(of: name))
        memory.append(.allocate(byteCount: shape.count * type.byteCount, alignment: 64))
        try file.read(name, into: memory[memory.count - 1])
        return try change(StoredTensor(name, shape, type, UnsafeRawBufferPointer(memory[memory.count - 1])))
      }
      let all = metadata.reduce(into: file.metadata) { $0[$1.key] = $1.value }
      try SafetensorsFile.write(to: path, tensors: tensors, metadata: all)
    }

    @Test("a newer format, another model's tensors and a missing recipe are refused, and the run stays as it is")
    func refusals() throws {
      #expect(try train(10).status == 0)
      let file = checkpoint(scratch / "run", 10)
      let recipe = try #require(SafetensorsFile(path: file).metadata["recipe"])
      let name = "generator/image/kernel"
      let newer = "format 99 is newer than this program, which knows formats up to "
      try rewrite(file, to: scratch / "newer.safetensors", metadata: ["formatVersion": "99"])
      // A newer version's recipe has keys of its own.
      try rewrite(
        file, to: scratch / "newerRecipe.safetensors",
        metadata: ["formatVersion": "99", "recipe": recipe + "future:\n  key: 1\n"])
      try rewrite(file, to: scratch / "missing.safetensors") { $0.name == name ? nil : $0 }
      try rewrite(file, to: scratch / "shape.safetensors") {
        $0.name == name ? StoredTensor($0.name, Shape([$0.shape.count]), $0.type, $0.bytes) : $0
      }
      try rewrite(file, to: scratch / "counters.safetensors", metadata: ["iteration": "-5"])
      try rewrite(file, to: scratch / "data.safetensors", metadata: ["data": "digits 1500 0"])
      let before = try bytes(of: file)
      for (damaged, status, message) in [
        ("newer", 65, newer), ("newerRecipe", 65, newer), ("missing", 65, "has no tensor \(name); "),
        ("shape", 65, "tensor \(name) is F32 [65536], needed is F32 [256, 256]; "),
        ("counters", 65, "its metadata have no iteration; "), ("data", 78, "it was trained on other images ("),
      ] as [(String, Int32, String)] {
        let run = try Run(
          "train", "--resume", "\(damaged).safetensors", "--output", "other", "--iterations", "20", in: scratch)
        #expect(run.status == status, "\(damaged)")
        #expect(run.errorLines.count == 1, "\(run.errors)")
        #expect(run.errors.contains("\(damaged).safetensors: \(message)"), "\(run.errors)")
        #expect(!exists(scratch / "other"))
      }
      // The same where it is the newest of the run: it is whole, so it is not passed over.
      try rewrite(file, to: checkpoint(scratch / "run", 11), metadata: ["formatVersion": "99"])
      let run = try train(20)
      #expect(run.status == 65)
      #expect(run.errors.contains(newer))
      #expect(try bytes(of: file) == before)
      #expect(try checkpointNames(scratch / "run").count == 2)
    }

    @Test("damaged checkpoints are named by inspect and passed over by --resume auto, with what is wrong")
    func damage() throws {
      #expect(try train(30, settings: "checkpoint.every=10", "checkpoint.keep=9").status == 0)
      let whole = try Run("inspect", "run", in: scratch)
      #expect(whole.status == 0)
      let listed = whole.output.split(separator: "\n").prefix(4)
      #expect(listed.first == "run: 3 checkpoints")
      #expect(
        listed.dropFirst().allSatisfy { $0.hasPrefix("  iteration ") && $0.hasSuffix(" bytes      whole") },
        "\(listed)")
      #expect(whole.output.contains("run/checkpoints/iteration-00000030.safetensors: whole, all checksums hold"))
      #expect(whole.output.contains("\n  iteration      30 of 30\n"))
      #expect(!whole.output.contains("\n  metricsBytes: ") && !whole.output.contains("\n  report: "))
      let everything = try Run("inspect", "run", "--all", in: scratch).output
      #expect(everything.contains("\n  health: ") && everything.contains("\n  report: "))

      // 20: cut short; 30: an absurd header length.
      let (middle, newest) = (checkpoint(scratch / "run", 20), checkpoint(scratch / "run", 30))
      try Data(bytes(of: middle).dropLast(1000)).write(to: URL(fileURLWithPath: middle))
      var content = try bytes(of: newest)
      content.replaceSubrange(0..<8, with: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
      try Data(content).write(to: URL(fileURLWithPath: newest))
      let damaged = try Run("inspect", "run", in: scratch)
      #expect(damaged.status == 65)
      #expect(damaged.output.contains("run/checkpoints/iteration-00000010.safetensors: whole, all checksums hold"))
      #expect(damaged.errorLines.count == 1)
      for text in [
        "2 of 3 checkpoints damaged: ", "iteration-00000020.safetensors: ",
        "iteration-00000030.safetensors: announces a header of 9223372036854775807 bytes in a file of ",
      ] { #expect(damaged.errors.contains(text), "\(damaged.errors)") }

      let resumed = try train(40)
      #expect(resumed.status == 0, "\(resumed.errors)")
      for text in [
        "warning: skipped a checkpoint: run/checkpoints/iteration-00000020.safetensors: ",
        "warning: skipped a checkpoint: run/checkpoints/iteration-00000030.safetensors: announces a header of ",
        "going on from iteration 10 of ",
      ] { #expect(resumed.errors.contains(text), "\(resumed.errors)") }
      let state = try Run("inspect", "run", in: scratch)
      #expect(state.status == 0, "the damaged ones have gone: \(state.errors)")
      #expect(state.output.hasPrefix("run: 2 checkpoints\n"), "and have driven no good one out: \(state.output)")
    }

    @Test("a changed recipe is shown as a diff and refused, each key allowed by its name")
    func allowChange() throws {
      #expect(try train(10).status == 0)
      let changes = ["training.generatorLearningRate=0.001", "health.window=50"]
      let refused = try train(20, settings: changes[0], changes[1])
      #expect(refused.status == 78)
      #expect(
        Array(refused.errorLines.prefix(4)) == [
          "- training.generatorLearningRate: 0.002", "+ training.generatorLearningRate: 0.001",
          "- health.window: 200", "+ health.window: 50",
        ], "\(refused.errors)")
      #expect(refused.errorLines.count == 5)
      #expect(
        refused.errorLines.last?.hasSuffix(
          "--allow-change training.generatorLearningRate --allow-change health.window") == true, "\(refused.errors)")
      let half = try train(20, "--allow-change", "health", settings: changes[0], changes[1])
      #expect(half.status == 78)
      #expect(half.errorLines.last?.hasSuffix("allow each: --allow-change training.generatorLearningRate") == true)
      let unknown = try train(20, "--allow-change", "training.learningRate")
      #expect(unknown.status == 64)
      #expect(unknown.errorLines.last?.contains("--allow-change training.learningRate: there is no such key") == true)
      #expect(try newestIteration(scratch / "run") == 10)

      let allowed = try train(
        20, "--allow-change", "health", "--allow-change", "training.generatorLearningRate", settings: changes[0],
        changes[1])
      #expect(allowed.status == 0, "\(allowed.errors)")
      #expect(allowed.errors.contains("+ training.generatorLearningRate: 0.001"))
      // From here on it is the run's recipe.
      let next = try Run("train", "--resume", "run", "--iterations", "25", in: scratch)
      #expect(next.status == 0 && !next.errors.contains("+ "), "\(next.errors)")
      #expect(try lines(of: scratch / "run/recipe.yaml").contains("  window: 50"))
    }
  }
}
