import Foundation
import NumPyFiles
import Testing

extension LockstepTests {
  /// Tables as spreadsheets, pandas and R write them.
  @Suite struct TableTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// 120 lines of three towns, x beyond 100 in Möln alone, as a Western European Excel stores them.
    private func writeTowns(to name: String, changing change: (Int, String) -> String = { $1 }) throws {
      let lines = (0..<120).map { row in
        let town = ["Möln", "Mäln", "Oslo"][row % 3]
        return "\(row % 3 == 0 ? 100 : 0 + row % 7),\(5 * (row % 11) / 2);\(row % 5),25;\(change(row, town))"
      }
      let text = (["x;z;town"] + lines).joined(separator: "\r\n") + "\r\n"
      try scratch.write(try #require(text.data(using: .windowsCP1252)), to: name)
    }

    @Test("a table in Windows-1252 trains, on one rank and two, and is sampled by the names of its classes")
    func towns() throws {
      try writeTowns(to: "towns.csv")
      let check = try Run("data", "check", "towns.csv", "--set", "data.label=town", in: scratch)
      #expect(
        check.status == 0 && check.output.contains("108 rows 2, 3 classes, "), "\(check.output)\(check.errors)")
      #expect(
        check.output.contains("note: towns.csv is no UTF-8 and is read as Windows-1252, where line 2 has \"Möln\""))
      #expect(check.output.contains("note: numbers have decimal commas: x in line 2 is read as 100.0"))
      for (ranks, output) in [(nil, "one"), (Launch.hasMPI ? 2 : nil, "two")] as [(Int?, String)] {
        let run = try Run(
          [
            "train", "--recipe", "vectors", "--data", "towns.csv", "--output", output, "--iterations", "20", "--set",
            "data.label=town", "--set", "model.condition.kind=classes",
          ], ranks: ranks, in: scratch)
        #expect(run.status == 0 && run.errors.contains("read as Windows-1252"), "\(run.errors)")
        let sample = try Run(
          "sample", output, "--classes", "Möln", "--count", "5", "--output", "\(output).npz", in: scratch)
        #expect(sample.status == 0, "\(sample.errors)")
        // Mäln, Möln, Oslo.
        #expect(try NumPyFile(path: scratch / "\(output).npz").array("labels")?.numbers() == [1, 1, 1, 1, 1])
      }
    }

    @Test("a line without a class ends check and training with its number; --drop-nonfinite leaves it out")
    func gaps() throws {
      try writeTowns(to: "towns.csv") { $0 % 40 == 7 ? "" : $1 }
      let arguments = ["--set", "data.label=town", "--set", "model.condition.kind=classes"]
      let train = ["train", "--recipe", "vectors", "--data", "towns.csv", "--output", "run", "--iterations", "5"]
      for command in [["data", "check", "towns.csv"], train] {
        let refused = try Run(command + arguments, in: scratch)
        #expect(refused.status == 65 && refused.errorLines.count == 1, "\(refused.errors)")
        #expect(
          refused.errors.contains("3 of 120 lines have no class in column town, the first is line 9 (\"\")"),
          "\(refused.errors)")
      }
      #expect(!exists(scratch / "run"))
      let run = try Run(train + arguments + ["--drop-nonfinite"], in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("3 of 120 lines without a finite number in every column, or without a class,"))
    }

    @Test("options that notes and refusals of tables name can be followed")
    func advice() throws {
      let rows = (0..<60).map { "\($0),\($0 % 7).5,\($0 % 4)\n" }.joined()
      try scratch.write((",the load,class\n" + rows).utf8, to: "t.csv")
      let check = try Run("data", "check", "t.csv", in: scratch)
      #expect(check.status == 0, "\(check.errors)")
      let options = check.output.matches(of: /--set (?:'([^']*)'|(\S+))/).map { String($0.1 ?? $0.2 ?? "") }
      #expect(options == ["data.columns=[1,\"the load\",class]", "data.label=class"], "\(check.output)")
      let all = try Run("data", "check", "t.csv", "--set", options.first ?? "", in: scratch)
      #expect(all.status == 0 && all.output.contains("54 rows 3, no labels"), "\(all.output)\(all.errors)")
      let classes = try Run("data", "check", "t.csv", "--set", options.last ?? "", in: scratch)
      #expect(
        classes.status == 0 && classes.output.contains("54 rows 1, 4 classes"), "\(classes.output)\(classes.errors)")
      let images = try Run("data", "check", "t.csv", "--set", "data.layout=images", in: scratch)
      #expect(images.status == 65 && images.errors.contains("data.layout is images"), "\(images.errors)")
    }
  }
}
