import Files
import Foundation
import NumPyFiles
import Testing

extension LockstepTests {
  /// Data packed into one file, and what is made of data that say more or less than a recipe asks for.
  @Suite struct PackedDataTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let brief = ["--set", "evaluation.classifierIterations=0", "--set", "evaluation.samples=16"]

    /// 60 samples of this shape and type, dark and light in turn, with labels.
    private func write(_ name: String, _ shape: [Int], with more: [NPZ.Entry] = []) throws {
      let size = shape.reduce(1, *)
      let values = (0..<60 * size).map { Float(($0 / size % 2) * 3 + $0 * 31 % 11) / 14 }
      let labels = (0..<60).map { Int64($0 % 2) }
      try values.withUnsafeBytes { values in
        try labels.withUnsafeBytes { labels in
          try NPZ.write(
            to: scratch / name,
            arrays: [NPZ.Entry("x", .init([60] + shape), .float32, values), NPZ.Entry("y", [60], .int64, labels)] + more
          )
        }
      }
    }

    private func quantities(_ body: ([NPZ.Entry]) throws -> Void) throws {
      let values = (0..<180).map { Float($0) / 9 }
      try values.withUnsafeBytes { try body([NPZ.Entry("c", [60, 3], .float32, $0)]) }
    }

    @Test("training on a pack of images gives the bits of training on the images")
    func images() throws {
      try write("mine.npz", [16, 16])
      let size = ["--set", "data.height=16", "--set", "data.range=[0,2]"]
      let pack = try Run(["data", "pack", "mine.npz", "--output", "packed.npz"] + size, in: scratch)
      #expect(pack.status == 0 && pack.output == "packed.npz: 54 images 16×16×1, 2 classes, 27 each; 6 held out\n")
      for data in ["mine", "packed"] {
        let run = try Run(
          ["train", "--recipe", "digits-dense", "--data", "\(data).npz", "--iterations", "5", "--output", data]
            + size + Self.brief, in: scratch)
        #expect(run.status == 0, "\(run.errors)")
      }
      let (a, b) = (
        try parameters(of: checkpoint(scratch / "mine", 5)), try parameters(of: checkpoint(scratch / "packed", 5))
      )
      #expect(!a.isEmpty && zip(a, b).allSatisfy { $0.0 == $1.0 && $0.1 == $1.1 })
    }

    @Test("a pack goes onto its own input, and not into a directory that is missing")
    func places() throws {
      let first = try Run("data", "pack", "digits", "--output", "d.npz", in: scratch)
      #expect(first.status == 0, "\(first.errors)")
      let before = try bytes(of: scratch / "d.npz")
      #expect(try Run("data", "pack", "d.npz", "--output", "d.npz", in: scratch).status == 0)
      #expect(try bytes(of: scratch / "d.npz") == before)
      let nowhere = try Run("data", "pack", "digits", "--output", "no/d.npz", in: scratch)
      #expect(nowhere.status == 73 && nowhere.errorLines.count == 1, "\(nowhere.errors)")
      #expect(nowhere.errors.contains("--output no/d.npz: there is no directory no; make it first"))
    }

    @Test("a recipe without a condition takes what the data have, keeps that, and goes on under the same command")
    func automatic() throws {
      try scratch.write(
        ("a,b,kind\n" + (0..<60).map { "\($0 % 7),\($0 % 5),\($0 % 2 == 0 ? "up" : "down")" }.joined(separator: "\n"))
          .utf8,
        to: "t.csv")
      let command =
        [
          "train", "--recipe", "vectors", "--data", "t.csv", "--set", "data.label=kind", "--output", "run", "--resume",
          "auto",
        ]
        + Self.brief
      for (iterations, ranks) in [("4", nil), ("8", Launch.hasMPI ? 2 : nil)] {
        let run = try Run(command + ["--iterations", iterations], ranks: ranks, in: scratch)
        #expect(run.status == 0, "\(run.errors)")
        let recipe = String(decoding: try bytes(of: scratch / "run/recipe.yaml"), as: UTF8.self)
        #expect(recipe.contains("  condition:\n    kind: classes\n"))
      }
      let sample = try Run(
        "sample", "run", "--classes", "down,up", "--count", "4", "--output", "s.npz", in: scratch)
      #expect(sample.status == 0, "\(sample.errors)")
      #expect(try NumPyFile(path: scratch / "s.npz").array("labels")?.numbers() == [0, 0, 1, 1])
    }

    @Test("what a recipe makes of arrays is said, by train and by data check; what it ignores, too")
    func said() throws {
      try quantities { try write("m.npz", [12, 2], with: $0) }
      let both = try Run(
        ["train", "--recipe", "sequences", "--data", "m.npz", "--iterations", "2", "--output", "run"] + Self.brief,
        in: scratch)
      let taken = "samples from x (60 × 12 × 2 float32), labels from y (60 int64), quantities from c (60 × 3 float32)"
      #expect(both.status == 0 && both.errors.contains(taken), "\(both.errors)")
      let continuous = ["--recipe", "sequences", "--set", "model.condition.kind=continuous"]
      let check = try Run(["data", "check", "m.npz"] + continuous, in: scratch)
      #expect(
        check.output.contains("note: array y (60 int64) is not used under model.condition.kind continuous: --set "))
      let refused = try Run(
        "train", "--recipe", "sequences", "--data", "m.npz", "--set", "model.condition.kind=classes", "--output", "no",
        in: scratch)
      #expect(refused.status == 78 && refused.errorLines.count == 1, "\(refused.errors)")
      #expect(refused.errors.contains("array c (quantities 60 × 3) is not used under model.condition.kind classes"))
      let flipped = try Run(
        "train", "--recipe", "sequences", "--data", "m.npz", "--set", "data.flip=true", "--output", "no", in: scratch)
      #expect(flipped.status == 78 && flipped.errors.contains("data.flip: left for right is for images"))
      let images = try Run("train", "--recipe", "images", "--data", "m.npz", "--output", "no", in: scratch)
      #expect(images.status == 65 && images.errors.contains("use --recipe sequences"), "\(images.errors)")
      try write("v.npz", [3])
      let vectors = try Run("train", "--data", "v.npz", "--output", "no", in: scratch)
      #expect(vectors.status == 78 && vectors.errors.contains("--recipe vectors"), "\(vectors.errors)")
      #expect(!exists(scratch / "no"))
    }
  }
}
