import Checkpoints
import Files
import Foundation
import Testing

extension LockstepTests {
  /// The commands that tell about a model, a recipe or the program itself.
  @Suite struct ReportTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func train(_ more: String...) throws {
      try #require(
        Run(["train", "--recipe", "digits-dense", "--output", "run", "--iterations", "5"] + more, in: scratch).status
          == 0)
    }

    /// The one line of JSON that a command prints.
    private func json(_ arguments: String..., ranks: Int? = nil) throws -> [String: Any] {
      let run = try Run(arguments, ranks: ranks, in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.filter { $0 == "\n" }.count == 1 && run.output.hasSuffix("\n"))
      return try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    }

    @Test("evaluate --json prints its keys, the same on any number of ranks")
    func evaluate() throws {
      try train()
      let alone = try json("evaluate", "run", "--json")
      let keys = ["trainLoss", "trainAccuracy", "testLoss", "testAccuracy", "fakeLoss", "fakeAccuracy"]
      let observed = ["generator", "discriminator"].flatMap { network in
        ["entropy", "gate", "largestWeight", "ownWeight", "tokenVarianceRatio"].map { "\(network)/attention/\($0)" }
      }
      let quality = [
        "frechetDistance", "kernelDistance", "kernelDistanceError", "precision", "recall", "density", "coverage",
        "nearestTrainingRatio", "copiedShare", "roughness",
      ]
      let measured = ["classAccuracy", "worstClassAccuracy", "classSpread"] + quality + quality.map { "real/" + $0 }
      let words = ["iteration", "samples", "verdict", "protocol", "samplingSeconds", "measuringSeconds"]
      #expect(alone.keys.sorted() == (keys + observed + measured + words).sorted())
      #expect(alone["iteration"] as? Int == 5)
      #expect(alone["samples"] as? Int == 297)
      guard Launch.hasMPI else { return }
      let shared = try json("evaluate", "run", "--json", ranks: 2)
      for key in keys {
        let (a, b) = (try #require(alone[key] as? Double), try #require(shared[key] as? Double))
        // Doubles in another order, printed with seven digits.
        #expect(abs(a - b) <= 1e-6 * max(1, abs(a)), "\(key)")
      }
      // The same bits.
      for key in measured { #expect(alone[key] as? Double == shared[key] as? Double, "\(key)") }
      #expect(alone["protocol"] as? String == shared["protocol"] as? String)
    }

    @Test("evaluate judges other data, whatever characters their path has")
    func otherData() throws {
      try train()
      let table = try Run("evaluate", "run", "--samples", "64", in: scratch)
      #expect(table.status == 0)
      #expect(table.output.contains("test images"))
      let missing = try Run("evaluate", "run", "--data", "idx:it's \"here\"", in: scratch)
      #expect(missing.status == 66)
      #expect(missing.errors.contains("it's \"here\": no train-images"))
    }

    @Test("report writes a page of a run, and compares runs where they measured alike")
    func report() throws {
      try train()
      let one = try Run("report", "run", in: scratch)
      #expect(one.status == 0 && one.output == "run/report.html\n")
      #expect(String(decoding: try bytes(of: scratch / "run/report.html"), as: UTF8.self).contains("are recognised as"))
      let other = try Run(
        ["train", "--recipe", "digits-dense", "--output", "other", "--iterations", "4", "--seed", "7"], in: scratch)
      #expect(other.status == 0)
      let both = try Run("report", "run", "other", in: scratch)
      #expect(
        both.status == 0 && both.output.contains("Fréchet distance") && both.output.hasSuffix("comparison.html\n"))
      let fewer = try Run(
        [
          "train", "--recipe", "digits-dense", "--output", "fewer", "--iterations", "3", "--set",
          "evaluation.samples=100",
        ], in: scratch)
      #expect(fewer.status == 0)
      let refused = try Run("report", "run", "fewer", in: scratch)
      #expect(refused.status == 0 && !refused.output.contains("Fréchet distance"))
      #expect(
        refused.output.contains("cannot be compared: samples is 250, balanced in one and 100, balanced in the other"))
      let nothing = try Run("report", "none", in: scratch)
      #expect(nothing.status == 66 && nothing.errors.contains("none: no run: it has no metrics.jsonl"))
    }

    @Test("profile --json prints its keys, on one line")
    func profile() throws {
      let alone = try json("profile", "--json", "--iterations", "3")
      #expect(
        alone.keys.sorted() == [
          "accountedShare", "batchMilliseconds", "batchSize", "bytesSent", "clockOverhead", "communicationShare",
          "discriminatorMilliseconds", "generatorMilliseconds", "gradientWaitMilliseconds", "imagesPerSecond",
          "iterations", "layers", "measuredMilliseconds", "megabytesMoved", "megabytesUnfused", "memory",
          "messagesSent", "operations", "parts", "peakResidentMegabytes", "programs", "ranks", "recipe",
          "roofBandwidths", "roofGigaflopsPerSecond", "statisticsMilliseconds", "threads",
        ])
      let moved = try #require(alone["megabytesMoved"] as? Double)
      #expect(moved > 0 && moved < (alone["megabytesUnfused"] as? Double ?? 0))
      #expect(alone["iterations"] as? Int == 3)
      #expect(alone["ranks"] as? Int == 1)
      let operations = try #require(alone["operations"] as? [[String: Any]])
      #expect(operations.count > 20)
      #expect(
        operations.allSatisfy {
          $0.keys.sorted() == [
            "bound", "bytes", "gigabytesPerSecond", "gigaflopsPerSecond", "layer", "milliseconds", "name", "operations",
            "performedOperations", "phase", "share", "shareOfRoof", "stage",
          ]
        })
      let shares = operations.compactMap { $0["share"] as? Double }.reduce(0, +)
      let batch = (alone["batchMilliseconds"] as? Double ?? 0) / (alone["measuredMilliseconds"] as? Double ?? 0)
      #expect(abs(shares + batch - (alone["accountedShare"] as? Double ?? 0)) < 1e-3)
      guard Launch.hasMPI else { return }
      #expect(try json("profile", "--json", "--iterations", "3", "--threads", "1", ranks: 2)["ranks"] as? Int == 2)
      #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).filter { !$0.hasPrefix(".") } == [])
    }

    @Test("inspect sums a run up and, on request, lists its tensors, metadata and recipe")
    func inspect() throws {
      try train("--seed", "77")
      let summary = try Run("inspect", "run", in: scratch)
      #expect(summary.status == 0)
      let rows = summary.output.split(separator: "\n").map(String.init)
      #expect(rows.count == 12, "\(rows)")
      #expect(rows[2].hasSuffix("iteration-00000005.safetensors: whole, all checksums hold"))
      let file = try SafetensorsFile(path: checkpoint(scratch / "run", 5))
      for network in ["generator", "discriminator"] {
        let names = file.names.filter { $0.hasPrefix(network + "/") }
        let count = try names.reduce(0) { try $0 + file.shape(of: $1).count }
        #expect(
          rows.contains(
            "  \(network.padding(toLength: 14, withPad: " ", startingAt: 0)) \(grouped(count)) parameters in \(names.count) tensors"
          ))
      }
      for text in [
        "  iteration      5 of 5",
        "  recipe         digits-dense: dense-attention, seed 77, batch 64, averaged with decay 0.999",
        "  data           digits: 1,500 training images 16×16×1", "  classes        10: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
        "  health         nothing found", "  trained on     1 rank of 1 thread",
      ] { #expect(rows.contains(text), "\(text) in \(rows)") }
      let run = try Run("inspect", "run", "--recipe", "--tensors", "--all", in: scratch)
      for text in [
        "  iteration      5 of 5", "  iteration: 5\n", "  imageShape: 16×16×1",
        "  generator/before1/kernel ", "F32 [110, 128]", "average/generator/image/bias", "seed: 77",
      ] { #expect(run.output.contains(text), "\(text)") }
      var content = try bytes(of: checkpoint(scratch / "run", 5))
      content[content.count - 4] ^= 1
      try scratch.write(content, to: "damaged.safetensors")
      let damaged = try Run("inspect", "damaged.safetensors", in: scratch)
      #expect(damaged.status == 65)
      #expect(damaged.errorLines.count == 1)
      #expect(damaged.errors.contains("does not match its checksum"))
    }

    @Test("inspect --attention draws a picture for each layer; a run keeps those of its evaluations and its machine")
    func attention() throws {
      try train()
      let drawn = try Run("inspect", "run", "--attention", "--output", "maps", "--samples", "2", in: scratch)
      let names = ["generator", "discriminator"].map { "attention-\($0)-attention.png" }
      #expect(drawn.status == 0 && drawn.output == names.map { "maps/\($0)\n" }.joined())
      for name in names { #expect(try bytes(of: scratch / "maps/\(name)").starts(with: [0x89, 0x50, 0x4E, 0x47])) }
      let kept = try FileManager.default.contentsOfDirectory(atPath: scratch / "run/pictures").sorted()
      #expect(kept == (names + ["interpolations.png", "neighbours.png"]).sorted())
      #expect(try lines(of: scratch / "run/starts.jsonl").filter { $0.contains("1 rank of ") }.count == 1)
      let page = String(decoding: try bytes(of: scratch / "run/report.html"), as: UTF8.self)
      #expect(page.contains("Nearest training images") && page.contains("From iteration 0 on: "))
      for (options, text) in [
        (["--samples", "9", "--attention"], "from 1 to 8"), (["--samples", "2"], "--samples is for --attention"),
        (["--attention", "--all"], "--attention shows neither"), (["--attention", "--tensors"], "nor tensors"),
      ] {
        let wrong = try Run(["inspect", "run"] + options, in: scratch)
        #expect(wrong.status == 64 && wrong.errors.contains(text))
      }
      let none = try Run(
        [
          "train", "--recipe", "digits", "--output", "none", "--iterations", "1", "--set",
          "model.generator.attentionAt=[]", "--set", "model.discriminator.attentionAt=[]",
        ], in: scratch)
      #expect(none.status == 0)
      let nothing = try Run("inspect", "none", "--attention", in: scratch)
      #expect(nothing.status == 65 && nothing.errors.contains("no layer of this model attends"))
    }

    @Test("recipes are listed, printed as files that read back, and explained")
    func recipes() throws {
      let list = try Run("recipes", in: scratch)
      #expect(list.output.hasPrefix("digits "))
      let text = try Run("recipes", "digits-dense", in: scratch).output
      try scratch.write(text.utf8, to: "mine.yaml")
      #expect(
        try Run("train", "--recipe", "mine.yaml", "--output", "run", "--iterations", "2", in: scratch).status == 0)
      // The run's own copy differs in what was asked for, and in what the data decided.
      let copy = try lines(of: scratch / "run/recipe.yaml")
      let given = try lines(of: scratch / "mine.yaml")
      #expect(zip(copy, given).filter { $0 != $1 }.map(\.0) == ["    kind: classes", "  iterations: 2"])
      let keys = try Run("recipes", "--keys", in: scratch).output.split(separator: "\n")
      #expect(keys.contains { $0.hasPrefix("training.batchSize ") && $0.contains("from 1 to 1,048,576") })
      #expect(keys.count == given.filter { !$0.hasSuffix(":") }.count)
    }

    @Test("help of every command comes once, with its options; the version is a number", arguments: [nil, 2])
    func help(ranks: Int?) throws {
      try #require(ranks == nil || Launch.hasMPI)
      for (command, text) in [
        ("train", "--resume"), ("sample", "--classes"), ("evaluate", "--samples"), ("profile", "--json"),
        ("inspect", "--recipe"), ("recipes", "--keys"),
      ] {
        let run = try Run(command, "--help", ranks: ranks, in: scratch)
        #expect(run.status == 0)
        #expect(run.errors == "")
        #expect(run.output.components(separatedBy: "OVERVIEW: ").count == 2)
        #expect(run.output.contains(text))
      }
      #expect(try Run(ranks: ranks, in: scratch).output.contains("lockstep train --recipe digits "))
      #expect(try Run("--version", ranks: ranks, in: scratch).output == "0.1.0\n")
    }

    @Test("LOCKSTEP_TERMINAL decides whether the progress line is rewritten", arguments: [nil, 2])
    func terminal(ranks: Int?) throws {
      try #require(ranks == nil || Launch.hasMPI)
      for (value, isTerminal) in [("yes", true), ("no", false)] {
        let run = try Run(
          "train", "--recipe", "digits-dense", "--output", value, "--iterations", "5", ranks: ranks, in: scratch,
          adding: ["LOCKSTEP_TERMINAL": value])
        #expect(run.status == 0)
        #expect(run.errors.contains("\riteration 5/5") == isTerminal)
        #expect(run.errors.contains("\u{1B}[K") == isTerminal)
        #expect(run.errors.contains("iteration 5/5"))
      }
    }
  }
}
