import Checkpoints
import Exporting
import Foundation
import Tensors
import Testing

extension LockstepTests {
  /// Weights that other programs have trained.
  @Suite struct ImportTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func train(_ recipe: String, _ settings: [String] = [], to run: String) throws -> String {
      let arguments = ["train", "--recipe", recipe, "--iterations", "5", "--output", run]
      let trained = try Run(arguments + settings, in: scratch)
      try #require(trained.status == 0, "\(trained.errors)")
      return checkpoint(scratch / run, 5)
    }

    private func importing(_ weights: String, recipe: String = "dense-reference", _ more: String...) throws -> Run {
      try Run(["import", "--recipe", recipe, "--weights", weights, "--output", "new"] + more, in: scratch)
    }

    private func tensors(of path: String) throws -> [NamedTensor] {
      try parameters(of: path).map { name, values in
        NamedTensor(name: name, shape: try SafetensorsFile(path: path).shape(of: name), numbers: values)
      }
    }

    @Test("a raw export comes back bit for bit, singular vectors and norm statistics included")
    func roundTrip() throws {
      let settings = ["--set", "model.generator.spectralNorm=true"]
      _ = try train("digits", settings, to: "run")
      let export = { (run: String, name: String) in
        try Run("export", run, "--raw", "--live", "--output", name, in: scratch).status
      }
      #expect(try export("run", "a.safetensors") == 0)
      let imported = try Run(
        ["import", "--recipe", "digits", "--weights", "a.safetensors", "--network", "generator", "--output", "new"]
          + settings, in: scratch)
      try #require(imported.status == 0, "\(imported.errors)")
      #expect(try export("new", "b.safetensors") == 0)
      let (a, b) = (
        try SafetensorsFile(path: scratch / "a.safetensors"), try SafetensorsFile(path: scratch / "b.safetensors")
      )
      #expect(
        a.names == b.names && a.names.contains { $0.hasSuffix("/u") }
          && a.names.contains { $0.hasSuffix("/statistics") })
      #expect(try parameters(of: a.path).map(\.values) == parameters(of: b.path).map(\.values))
    }

    @Test("names and orders of axes of another program: a map finds everything, and the run goes on")
    func map() throws {
      let original = try tensors(of: train("dense-reference", to: "run"))
      var lines = ["ignore: [steps]"]
      // PyTorch keeps [out, in].
      var theirs = original.enumerated().map { place, tensor in
        let isMatrix = tensor.shape.rank == 2
        lines.append("\(tensor.name): " + (isMatrix ? "{name: t\(place), transpose: true}" : "t\(place)"))
        var renamed = isMatrix ? tensor.transposed([1, 0]) : tensor
        renamed.name = "t\(place)"
        return renamed
      }
      theirs.append(NamedTensor(name: "steps", shape: [1], numbers: [5]))
      try theirs.writeNPZ(to: scratch / "theirs.npz")
      try theirs.writeSafetensors(to: scratch / "theirs.safetensors", metadata: [:])
      try scratch.write(lines.joined(separator: "\n").utf8, to: "names.yaml")
      for file in ["theirs.npz", "theirs.safetensors"] {
        let run = try importing(file, "--map", "names.yaml")
        try #require(run.status == 0, "\(run.errors)")
        #expect(try tensors(of: checkpoint(scratch / "new", 0)) == original)
        if file == "theirs.npz" { try FileManager.default.removeItem(atPath: scratch / "new") }
      }
      let further = try Run("train", "--resume", "new", "--iterations", "3", in: scratch)
      #expect(further.status == 0 && exists(checkpoint(scratch / "new", 3)), "\(further.errors)")
      #expect(try Run("sample", "new", "--count", "2", "--output", "s.npz", in: scratch).status == 0)
    }

    @Test("everything that does not fit is listed in one line, and nothing is written")
    func listed() throws {
      var tensors = try tensors(of: train("dense-reference", to: "run"))
      let bias = try #require(tensors.firstIndex { $0.name == "generator/image/bias" })
      tensors[bias] = NamedTensor(name: tensors[bias].name, shape: [3], numbers: [1, 2, 3])
      let slope = try #require(tensors.firstIndex { $0.name.hasSuffix("slope") })
      tensors[slope].name = "slopes"
      let logit = try #require(tensors.firstIndex { $0.name == "discriminator/logit/bias" })
      tensors[logit].numbers[0] = .nan
      try tensors.writeSafetensors(to: scratch / "w.safetensors", metadata: [:])
      try scratch.write("generator/attention/ba: gone\nnobody: slopes\n".utf8, to: "names.yaml")
      let run = try importing("w.safetensors", "--map", "names.yaml")
      #expect(run.status == 65 && run.errorLines.count == 1)
      for words in [
        "generator/image/bias: [3], needed is [256]", "generator/before1/prelu/slope [128]: nothing in the file",
        "discriminator/logit/bias: 1 numbers are not finite", "generator/attention/ba from gone: no such tensor",
        "nobody, in names.yaml: no tensor of this model", "slopes [128] of the file: not used",
        "generator/attention/ba [1] of the file: not used",
      ] { #expect(run.errors.contains(words), "\(run.errors)") }
      let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
      #expect(!names.contains { $0.contains("new") }, "\(names)")
    }

    @Test("weights of another architecture, a place that is taken, files that are none: one line each")
    func refusals() throws {
      _ = try train("dense-reference", to: "run")
      let other = try importing(checkpoint("run", 5), recipe: "digits")
      #expect(
        other.status == 65 && other.errorLines.count == 1 && other.errors.contains("does not fit the recipe digits"))
      try FileManager.default.createDirectory(atPath: scratch / "new", withIntermediateDirectories: true)
      try scratch.write("keep".utf8, to: "new/mine")
      let taken = try importing(checkpoint("run", 5))
      #expect(taken.status == 73 && taken.errors.contains("new: is there already"), "\(taken.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: scratch / "new") == ["mine"])
      #expect(try Run("export", "run", "--raw", "--output", "g.npz", in: scratch).status == 0)
      let half = try importing("g.npz")
      #expect(
        half.status == 65 && half.errors.contains("g.npz has nothing of the discriminator; --network generator takes"))
      try scratch.write("no weights".utf8, to: "w.npz")
      try scratch.write("- a\n".utf8, to: "names.yaml")
      try scratch.write("a: {name: b, transpose: [0, 0]}\n".utf8, to: "axes.yaml")
      let cases: [(weights: String, map: String?, status: Int32, words: String)] = [
        ("none.npz", nil, 66, "none.npz: there is no such file"), ("w.npz", nil, 65, "begins neither as"),
        ("names.yaml", nil, 64, "must end in .npz or .safetensors"),
        (checkpoint("run", 5), "names.yaml", 78, "names.yaml: a name map has lines"),
        (checkpoint("run", 5), "axes.yaml", 78, "axes.yaml line 1: a: must be a name"),
        (checkpoint("run", 5), "gone.yaml", 66, "gone.yaml"),
      ]
      for (weights, map, status, words) in cases {
        let run = try Run(
          ["import", "--recipe", "dense-reference", "--weights", weights, "--output", "x"]
            + (map.map { ["--map", $0] } ?? []), in: scratch)
        #expect(run.status == status && run.errorLines.count == 1 && run.errors.contains(words), "\(run.errors)")
      }
      #expect(!exists(scratch / "x"))
    }
  }
}
