import Files
import Foundation
import NumPyFiles
import Tensors
import Testing

extension LockstepTests {
  /// Data of the user's own: arrays and tables.
  @Suite struct OwnDataTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// 200 images 16×16 of two classes, light at the left or at the right.
    private func writeImages(to name: String, changing change: (inout [UInt8]) -> Void = { _ in }) throws {
      var pixels = (0..<200 * 256).map { (index: Int) -> UInt8 in
        let isLight = (index % 16 < 8) == (index / 256 % 2 == 0)
        return isLight ? UInt8(200 + index * 7_919 % 50) : UInt8(index * 104_729 % 50)
      }
      change(&pixels)
      let labels = (0..<200).map { Int64($0 % 2) }
      try pixels.withUnsafeBytes { pixels in
        try labels.withUnsafeBytes { labels in
          try NPZ.write(
            to: scratch / name,
            arrays: [
              NPZ.Entry("x", [200, 16, 16], .uint8, pixels), NPZ.Entry("y", [200], .int64, labels),
              NPZ.Entry("class_names", texts: ["left", "right <b>"]),
            ])
        }
      }
    }

    @Test("a run on an own .npz is the same on 1 and 2 ranks, and its report tells whether it worked")
    func images() throws {
      try writeImages(to: "mine.npz")
      let check = try Run("data", "check", "mine.npz", in: scratch)
      #expect(check.status == 0 && check.output.contains("180 images 16×16×1, 2 classes, "))
      let arguments = ["train", "--recipe", "digits-dense", "--data", "mine.npz", "--iterations", "30"]
      let alone = try Run(arguments + ["--output", "one"], in: scratch)
      #expect(alone.status == 0, "\(alone.errors)")
      let page = String(decoding: try bytes(of: scratch / "one/report.html"), as: UTF8.self)
      #expect(page.contains("of samples are recognised as their class"))
      #expect(!page.contains("right <b>"))
      let named = try Run("sample", "one", "--classes", "left", "--count", "3", "--output", "l.npz", in: scratch)
      #expect(named.status == 0, "\(named.errors)")
      #expect(try NumPyFile(path: scratch / "l.npz").array("labels")?.numbers() == [0, 0, 0])
      guard Launch.hasMPI else { return }
      let shared = try Run(arguments + ["--output", "two"], ranks: 2, in: scratch)
      #expect(shared.status == 0, "\(shared.errors)")
      let losses = try ["one", "two"].map { run in
        try lines(of: scratch / "\(run)/metrics.jsonl").first { $0.contains("\"kind\":\"training\"") }
      }
      let values = losses.map { $0?.firstMatch(of: /"discriminatorLoss":([0-9.]+)/).flatMap { Double($0.1) } ?? -1 }
      #expect(abs(values[0] - values[1]) < 1e-4 * abs(values[0]), "\(values)")
    }

    @Test("what is wrong with data is told before anything is written")
    func refusals() throws {
      try writeImages(to: "mine.npz")
      let few = try Run(
        "train", "--recipe", "digits-dense", "--data", "mine.npz", "--set", "model.condition.size=1", "--output", "no",
        in: scratch)
      #expect(
        few.status == 65 && few.errorLines.count == 1 && few.errors.contains("label 1 of sample 1"), "\(few.errors)")
      try scratch.write("a,b\n1,2\n3\n".utf8, to: "bad.csv")
      let ragged = try Run("train", "--recipe", "vectors", "--data", "bad.csv", "--output", "no", in: scratch)
      #expect(ragged.status == 65 && ragged.errors.contains("bad.csv: line 3: 1 fields"))
      let none = try Run("data", "check", "nowhere.npz", in: scratch)
      #expect(none.status == 66)
      #expect(!exists(scratch / "no"))
    }

    @Test("vectors under quantities: trained from a table, sampled in its units, packed and trained again alike")
    func vectors() throws {
      let rows = (0..<200).map { "\(1_000 + $0 % 17),\(Double($0 % 5) / 10),\(Double($0) / 200)" }
      try scratch.write(("price,rate,time\n" + rows.joined(separator: "\n")).utf8, to: "t.csv")
      let settings = ["--set", "data.conditions=[time]", "--iterations", "20"]
      let run = try Run(["train", "--recipe", "vectors", "--data", "t.csv", "--output", "run"] + settings, in: scratch)
      #expect(run.status == 0 && run.output.contains("of the variance of what is asked for"), "\(run.errors)")
      let sample = try Run("sample", "run", "--count", "4", "--condition", "0.5", "--output", "s.csv", in: scratch)
      #expect(sample.status == 0, "\(sample.errors)")
      let table = try lines(of: scratch / "s.csv")
      #expect(table.first == "time,price,rate" && table.count == 5)
      let prices = table.dropFirst().compactMap { Double($0.split(separator: ",")[1]) }
      #expect(prices.allSatisfy { abs($0 - 1_008) < 60 }, "\(prices)")
      #expect(try Run("sample", "run", "--count", "1", "--output", "s.png", in: scratch).status == 0)
      let pack = try Run(
        "data", "pack", "t.csv", "--set", "data.conditions=[time]", "--recipe", "vectors", "--output", "p.npz",
        in: scratch)
      #expect(pack.status == 0, "\(pack.errors)")
      let again = try Run(
        ["train", "--recipe", "vectors", "--data", "p.npz", "--output", "again", "--iterations", "20"], in: scratch)
      #expect(again.status == 0, "\(again.errors)")
      let losses = try ["run", "again"].map { run in
        try lines(of: scratch / "\(run)/metrics.jsonl").last { $0.contains("\"kind\":\"training\"") }?
          .firstMatch(of: /"generatorLoss":[0-9.e-]+/).map { String($0.0) }
      }
      #expect(losses[0] != nil && losses[0] == losses[1])
    }
  }
}
