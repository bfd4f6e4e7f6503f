import Foundation
import Testing

extension LockstepTests {
  /// The recipe for images as a user meets it: narrower and with little to judge, so that it takes a second.
  @Suite struct SAGANCommandTests {
    static let narrow = [
      "model.generator.channels=[8, 8, 8]", "model.discriminator.channels=[8, 8, 8]", "model.noiseSize=8",
      "training.batchSize=8", "evaluation.samples=40", "evaluation.gridColumns=2", "evaluation.classifierIterations=20",
    ].flatMap { ["--set", $0] }

    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func train(_ output: String, _ more: String..., ranks: Int? = nil) throws -> Run {
      try Run(
        ["train", "--recipe", "digits", "--output", output, "--iterations", "6"] + Self.narrow + more, ranks: ranks,
        in: scratch)
    }

    /// The numbers of the last line of a kind.
    private func metrics(_ run: String, kind: String) throws -> [String: Any] {
      let objects = try lines(of: scratch / "\(run)/metrics.jsonl").map { line in
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
      }
      return try #require(objects.last { $0["kind"] as? String == kind })
    }

    @Test(
      "digits trains, is judged by a classifier, evaluates and samples, alone and on two ranks", arguments: [nil, 2])
    func run(ranks: Int?) throws {
      try #require(ranks == nil || Launch.hasMPI)
      let trained = try train("run", ranks: ranks)
      #expect(trained.status == 0, "\(trained.errors)")
      #expect(trained.errors.contains("trained: it recognises "), "\(trained.errors)")
      for file in ["classifier.safetensors", "samples/iteration-00000006.png", "recipe.yaml"] {
        #expect(exists(scratch / "run/\(file)"), "\(file)")
      }
      #expect(exists(checkpoint(scratch / "run", 6)))

      let found = try metrics("run", kind: "evaluation")
      for key in ["classAccuracy", "worstClassAccuracy", "classSpread", "testAccuracy", "fakeLoss"] {
        let number = try #require(found[key] as? Double, "\(key) in \(found)")
        #expect(number >= 0 && (number <= 1 || !key.hasSuffix("Accuracy")), "\(key): \(number)")
      }
      // 4 samples of each class.
      let accuracy = try #require(found["classAccuracy"] as? Double)
      #expect(abs((accuracy * 40).rounded() - accuracy * 40) < 1e-6)
      for name in ["generator/attention8/entropy", "discriminator/attention8/gate"] {
        #expect(found[name] is Double, "\(name) in \(found)")
      }

      let judged = try Run("evaluate", "run", "--samples", "40", "--json", ranks: ranks, in: scratch)
      #expect(judged.status == 0, "\(judged.errors)")
      let scores = try #require(JSONSerialization.jsonObject(with: Data(judged.output.utf8)) as? [String: Any])
      #expect(scores["iteration"] as? Int == 6)
      // The same samples' block as at the end of the training.
      for key in ["trainLoss", "testLoss", "fakeLoss", "testAccuracy"] {
        let (a, b) = (try #require(scores[key] as? Double), try #require(found[key] as? Double))
        #expect(abs(a - b) <= 1e-6, "\(key): \(a) after, \(b) in the run")
      }

      for count in [nil, ranks] {
        let run = try Run(
          "sample", "run", "--count", "20", "--output", "on\(count ?? 0).npz", ranks: count, in: scratch)
        #expect(run.status == 0, "\(run.errors)")
      }
      let images = try #require(try NPZFile(scratch / "on0.npz").arrays["images"])
      #expect(images.shape == [20, 16, 16, 1])
      #expect(images.elements(as: Float.self).allSatisfy { abs($0) <= 1 })
      #expect(try NPZFile(scratch / "on\(ranks ?? 0).npz").arrays["images"]?.bytes == images.bytes)
    }

    @Test("a run finds its classifier again; that of other images or of other training is made anew")
    func classifier() throws {
      #expect(try train("run").status == 0)
      let kept = try bytes(of: scratch / "run/classifier.safetensors")
      let resumed = try train("run", "--resume", "auto", "--set", "training.iterations=6", "--iterations", "8")
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(resumed.errors.contains(" found: it recognises "), "\(resumed.errors)")
      #expect(try bytes(of: scratch / "run/classifier.safetensors") == kept)

      // Longer training of the classifier is the user's wish.
      let longer = try train(
        "run", "--resume", "auto", "--set", "evaluation.classifierIterations=21", "--iterations", "9")
      #expect(longer.status == 0, "\(longer.errors)")
      #expect(longer.errors.contains(" trained: it recognises "), "\(longer.errors)")
      #expect(try bytes(of: scratch / "run/classifier.safetensors") != kept)

      // Images of the same size and number, one byte of one image changed.
      for (name, change) in [("a", UInt8(0)), ("b", 1)] {
        var pixels = (0..<64 * 256).map { UInt8(truncatingIfNeeded: $0 * $0 / 7) }
        pixels[5_000] &+= change
        let labels = (0..<64).map { UInt8($0 % 10) }
        for part in ["train", "t10k"] {
          try scratch.write(
            [0, 0, 8, 3, 0, 0, 0, 64, 0, 0, 0, 16, 0, 0, 0, 16] + pixels, to: "\(name)/\(part)-images-idx3-ubyte")
          try scratch.write([0, 0, 8, 1, 0, 0, 0, 64] + labels, to: "\(name)/\(part)-labels-idx1-ubyte")
        }
      }
      let own = try train("own", "--data", "idx:a")
      #expect(own.status == 0, "\(own.errors)")
      for (data, word) in [("a", "found"), ("b", "trained")] {
        try scratch.write(
          try bytes(of: scratch / "own/classifier.safetensors"), to: "other-\(data)/classifier.safetensors")
        let other = try train("other-\(data)", "--data", "idx:\(data)")
        #expect(other.status == 0, "\(other.errors)")
        #expect(other.errors.contains(" \(word): it recognises "), "\(other.errors)")
      }
    }

    @Test("without classifier iterations there is no classifier and no class in the metrics")
    func none() throws {
      #expect(try train("run", "--set", "evaluation.classifierIterations=0").status == 0)
      #expect(!exists(scratch / "run/classifier.safetensors"))
      #expect(try metrics("run", kind: "evaluation")["classAccuracy"] == nil)
    }

    @Test(
      "networks that do not fit are refused in one line before anything is written",
      arguments: [
        ("model.generator.channels=[]", "model.generator.channels: a list or a group must be 2 to 7 widths"),
        ("model.generator.attentionAt=[7]", "model.generator.attentionAt: no block has height 7; there are 8, 16"),
        (
          "model.discriminator.attentionAt=[16]", "model.discriminator.attentionAt: no block has height 16; there are 8"
        ),
        ("data.height=12", "data.height and data.width: images of 12×12; this model makes 16×16 to 128×128"),
        ("data.width=132", "data.height and data.width: images of 132×132; this model makes 16×16 to 128×128"),
        (
          "model.generator.channels=[8, 8, 8, 8, 8]",
          "model.generator.channels: 4 blocks multiply the first image by 16"
        ),
        ("model.discriminator.downBlocks=4", "model.discriminator.downBlocks: 4 of only 3 blocks"),
        ("norm.statistics=all", "norm.statistics: all is not one of global, node, rank"),
      ])
    func refused(setting: String, message: String) throws {
      // Two ranks say it once; one mistake is enough, since mpirun takes a second to end after an error.
      for ranks in setting.hasPrefix("model.generator.attentionAt") && Launch.hasMPI ? [nil, 2] : [nil] {
        let run = try Run(
          "train", "--recipe", "digits", "--output", "out", "--set", setting, ranks: ranks, in: scratch)
        #expect(run.status == 78, "\(run.errors)")
        #expect(run.errorLines.count == 1, "\(run.errors)")
        #expect(run.errors.hasPrefix("lockstep: ") && run.errors.contains(message), "\(run.errors)")
        #expect(!exists(scratch / "out"))
      }
    }
  }
}
