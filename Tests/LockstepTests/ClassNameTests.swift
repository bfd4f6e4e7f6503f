import Checkpoints
import Files
import NumPyFiles
import Tensors
import Testing

extension LockstepTests {
  /// What classes are called, from the data to samples and exports.
  @Suite struct ClassNameTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// 60 images 16×16 of float32 in [2, 6], of as many classes as there are names.
    private func writeImages(to name: String, names: [String]) throws {
      let pixels = (0..<60 * 256).map { (index: Int) -> Float in 2 + 0.04 * Float(index * 7_919 % 101) }
      let labels = (0..<60).map { Int64($0 % names.count) }
      try pixels.withUnsafeBytes { pixels in
        try labels.withUnsafeBytes { labels in
          try NPZ.write(
            to: scratch / name,
            arrays: [
              NPZ.Entry("x", [60, 16, 16], .float32, pixels), NPZ.Entry("y", [60], .int64, labels),
              NPZ.Entry("class_names", texts: names),
            ])
        }
      }
    }

    private func train(_ names: [String]) throws {
      try writeImages(to: "x.npz", names: names)
      let run = try Run(
        "train", "--recipe", "digits-dense", "--data", "x.npz", "--set", "data.range=[2,6]", "--iterations", "2",
        "--output", "run", in: scratch)
      #expect(run.status == 0, "\(run.errors)")
    }

    private func labels(_ classes: String) throws -> (labels: [Double]?, said: String) {
      let run = try Run("sample", "run", "--count", "4", "--classes", classes, "--output", "s.npz", in: scratch)
      guard run.status == 0 else { return (nil, run.errors) }
      return (try NumPyFile(path: scratch / "s.npz").array("labels")?.numbers(), run.output + run.errors)
    }

    @Test("where names are numbers, only names count, and the file says what its labels are called")
    func numbers() throws {
      try train(["3", "1", "2"])
      #expect(try labels("1,2").labels == [1, 1, 2, 2])
      #expect(try labels("3,1").said.contains("classes by name: 3, 1"))
      #expect(try labels("3").labels == [0, 0, 0, 0])
      for wrong in ["0,1", "0", "4", "1,x", "1,,2", ","] {
        let (found, said) = try labels(wrong)
        #expect(found == nil && said.contains("is none of the classes 3, 1, 2; they are asked for by name"), "\(said)")
      }
      #expect(try NumPyFile(path: scratch / "s.npz").array("class_names")?.texts() == ["3", "1", "2"])
    }

    @Test("all by name or all by number, never one by one; names with commas can be asked for")
    func names() throws {
      try train(["red, dark", "green", "b\"l"])
      #expect(try labels("green,\"b\"\"l\"").labels == [1, 1, 2, 2])
      #expect(try labels("red, dark").labels == [0, 0, 0, 0])
      #expect(try labels("\"red, dark\",green").labels == [0, 0, 1, 1])
      let byNumber = try labels("2,1")
      #expect(byNumber.labels == [2, 2, 1, 1] && byNumber.said.contains("classes by number: 2 (b\"l), 1 (green)"))
      #expect(try labels("green,2").said.contains("names and numbers mixed"))
      #expect(try labels("green,3").said.contains("\"3\" is none of the classes"))
      #expect(try labels("\"green").said.contains("a quote is not closed"))
    }

    @Test("images come from −1 to 1; every output has the scale of pixels and the names of classes")
    func units() throws {
      try train(["a", "b"])
      #expect(try Run("sample", "run", "--count", "6", "--output", "s.npz", in: scratch).status == 0)
      let samples = try NumPyFile(path: scratch / "s.npz")
      #expect(try samples.array("images")?.numbers().allSatisfy { abs($0) <= 1 } == true)
      #expect(try samples.array("pixel_center")?.numbers() == [4] && samples.array("pixel_unit")?.numbers() == [2])
      for name in ["g.safetensors", "g.onnx"] {
        #expect(try Run("export", "run", "--output", name, in: scratch).status == 0)
      }
      let json =
        #"{"classNames":["a","b"],"columns":[{"center":4.0,"name":"pixels","unit":2.0}],"conditions":[],"kind":"images"}"#
      #expect(try SafetensorsFile(path: scratch / "g.safetensors").metadata["samples"] == json)
      #expect(String(decoding: try bytes(of: scratch / "g.onnx"), as: UTF8.self).contains(json))
    }

    @Test("pictures of two classes never share a folder, whatever the classes are called")
    func folders() throws {
      try train(["a/b", "a_b", "A_B", "a\\b"])
      let run = try Run("sample", "run", "--count", "8", "--output", "out/", in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      for (folder, number) in [("a_b", 0), ("a_b_1", 2), ("A_B_2", 4), ("a_b_3", 6)] {
        #expect(exists(scratch / "out/\(folder)/00000000\(number).png"), "\(folder)")
      }
    }

    @Test("a class without a name is refused before anything is written")
    func empty() throws {
      for (names, reason) in [
        (["", "b", "c"], "class 0 of 3 has no name"), (["a", "b", "a"], "two classes are called"),
      ] {
        try writeImages(to: "x.npz", names: names)
        for arguments in [
          ["data", "check", "x.npz"], ["train", "--recipe", "digits-dense", "--data", "x.npz", "--output", "no"],
        ] {
          let run = try Run(arguments + ["--set", "data.range=[2,6]"], in: scratch)
          #expect(run.status == 65 && run.errors.contains(reason), "\(run.errors)")
        }
      }
      for missing in ["", "nan", "NA", "None"] { try expectMissing(missing) }
      #expect(!exists(scratch / "no"))
    }

    private func expectMissing(_ missing: String) throws {
      let labels = (0..<60).map { $0 == 17 ? missing : "word" }
      try NPZ.write(
        to: scratch / "t.npz",
        arrays: [
          NPZ.Entry("x", [60, 4, 4], .uint8) { body throws(FileError) in
            try [UInt8](repeating: 200, count: 960).withUnsafeBytes { bytes -> Result<Void, FileError> in
              do throws(FileError) { return .success(try body(bytes)) } catch { return .failure(error) }
            }.get()
          }, NPZ.Entry("y", texts: labels),
        ])
      let run = try Run("data", "check", "t.npz", in: scratch)
      let said = missing.isEmpty ? "empty" : "\"\(missing)\""
      #expect(run.status == 65 && run.errors.contains("y of sample 17 is \(said): it has no class"), "\(run.errors)")
    }
  }
}
