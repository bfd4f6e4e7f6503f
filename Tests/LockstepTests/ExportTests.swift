import Checkpoints
import Foundation
import NumPyFiles
import Testing

extension LockstepTests {
  /// Networks for other programs.
  @Suite struct ExportTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func train(_ recipe: String, _ settings: String..., iterations: Int = 20, to run: String) throws {
      let arguments = ["train", "--recipe", recipe, "--iterations", "\(iterations)", "--output", run]
      let trained = try Run(arguments + settings.flatMap { ["--set", $0] }, in: scratch)
      try #require(trained.status == 0, "\(trained.errors)")
    }

    /// What `python3` prints; nil where it lacks a module.
    private func python(_ script: String, modules: [String], adding variables: [String: String] = [:]) throws -> String?
    {
      guard let executable = Launch.executable("python3") else { return nil }
      let (output, errors) = (scratch / ".python", scratch / ".python-errors")
      func run(_ script: String) throws -> Int32 {
        let process = try Launch.start(
          [executable, "-c", script], in: scratch, adding: variables, output: output, errors: errors)
        process.waitUntilExit()
        return process.terminationStatus
      }
      let imports = modules.map { "import \($0)\n" }.joined()
      guard try run(imports) == 0 else { return nil }
      guard try run(imports + script) == 0 else {
        return "failed: " + (try lines(of: errors).last ?? "without a word")
      }
      return String(decoding: try bytes(of: output), as: UTF8.self)
    }

    @Test("onnxruntime makes the same images, logits and features, for batches of 1, 3 and 65")
    func onnx() throws {
      try train("dense-reference", to: "dense")
      try train("digits", iterations: 100, to: "digits")
      try train(
        "digits", "model.generator.spectralNorm=true", "model.generator.norm=batch",
        "model.discriminator.norm=layer", to: "sagan")
      try train("vectors", to: "vectors")
      var names: [String] = []
      for run in ["dense", "digits", "sagan", "vectors"] {
        for network in ["generator", "discriminator", "classifier"] {
          names.append("\(run)-\(network)")
          let export = try Run(
            "export", run, "--network", network, "--output", "\(run)-\(network).onnx", "--examples",
            "\(run)-\(network).npz", "--example-count", "65", in: scratch)
          try #require(export.status == 0, "\(export.errors)")
          #expect(export.output.contains("operator set 17"))
        }
      }
      let script = """
        for name in "\(names.joined(separator: " "))".split():
            onnx.checker.check_model(onnx.load(name + ".onnx"), full_check=True)
            session = onnxruntime.InferenceSession(name + ".onnx", providers=["CPUExecutionProvider"])
            example = numpy.load(name + ".npz")
            for batch in (1, 3, 65):
                inputs = {i.name: example[i.name][:batch] for i in session.get_inputs()}
                for output, value in zip(session.get_outputs(), session.run(None, inputs)):
                    print(name, batch, output.name, abs(value - example[output.name][:batch]).max())
        """
      guard let output = try python(script, modules: ["onnx", "onnxruntime", "numpy"]) else {
        return print("skipped: no python3 with onnx, onnxruntime and numpy here")
      }
      let found = output.split(separator: "\n")
      #expect(found.count == 3 * 4 * 4, "\(output)")
      for line in found {
        let error = line.split(separator: " ").last.flatMap { Double($0) } ?? .infinity
        #expect(error <= 1e-5, "\(line)")
      }
    }

    @Test(
      "keras-self-attention's own layers, filled from an npz, compute the same; their weights come back bit for bit")
    func keras() throws {
      try train("dense-reference", to: "run")
      for network in ["generator", "discriminator"] {
        let export = try Run(
          "export", "run", "--network", network, "--output", "\(network).npz", "--examples", "\(network)-examples.npz",
          in: scratch)
        try #require(export.status == 0, "\(export.errors)")
      }
      let generator = try NumPyFile(path: scratch / "generator.npz")
      #expect(
        generator.names
          == [
            "before1_kernel", "before1_bias", "before1_prelu_slope", "attention_Wt", "attention_Wx", "attention_bh",
            "attention_Wa", "attention_ba", "image_kernel", "image_bias",
          ].map { "generator_" + $0 })
      let modules = ["numpy", "tensorflow", "keras_self_attention"]
      guard let output = try python(Self.kerasScript, modules: modules, adding: ["TF_USE_LEGACY_KERAS": "1"]) else {
        return print("skipped: no python3 with numpy, tensorflow and keras-self-attention here")
      }
      let errors = output.split(separator: "\n").map { Double($0) ?? .infinity }
      #expect(errors.count == 2 && errors.allSatisfy { $0 <= 1e-5 }, "\(output)")
      let names = try ["generator", "discriminator"].flatMap { network in
        try SafetensorsFile(path: checkpoint(scratch / "run", 20)).names.filter { $0.hasPrefix(network + "/") }
      }
      try scratch.write(
        names.enumerated().map { "\($1): arr_\($0)\n" }.joined().utf8, to: "names.yaml")
      let imported = try Run(
        "import", "--recipe", "dense-reference", "--weights", "keras.npz", "--map", "names.yaml", "--output", "back",
        in: scratch)
      #expect(imported.status == 0, "\(imported.errors)")
      let (before, after) = (
        try parameters(of: checkpoint(scratch / "run", 20)), try parameters(of: checkpoint(scratch / "back", 0))
      )
      #expect(before.map(\.name) == after.map(\.name) && before.map(\.values) == after.map(\.values))
    }

    /// As in the article "Exporting", and then the comparison.
    private static let kerasScript = """
      from tensorflow.keras import Model, layers as L
      from keras_self_attention import SeqSelfAttention
      import numpy as np
      z, c = L.Input((100,)), L.Input((10,))
      h = L.PReLU()(L.Dense(128)(L.Concatenate()([z, c])))
      h = SeqSelfAttention(attention_activation="softmax")(L.Reshape((8, 16))(h))
      generator = Model([z, c], L.Reshape((16, 16, 1))(L.Dense(256, activation="tanh")(L.Flatten()(h))))
      x, c = L.Input((16, 16, 1)), L.Input((10,))
      h = L.LeakyReLU(0.2)(L.Dense(128)(L.Flatten()(x)))
      h = SeqSelfAttention(attention_activation="sigmoid")(L.Reshape((8, 16))(h))
      h = L.LeakyReLU(0.2)(L.Dense(256)(L.Concatenate()([L.Flatten()(h), c])))
      discriminator = Model([x, c], L.Reshape(())(L.Dense(1)(h)))
      for model, name in (generator, "generator"), (discriminator, "discriminator"):
          weights, example = np.load(name + ".npz"), np.load(name + "-examples.npz")
          model.set_weights([weights[key] for key in weights.files])
          inputs = ("noise", "images")[name == "discriminator"], "condition"
          made = model.predict([example[key] for key in inputs], verbose=0)
          print(abs(made - example[("images", "logits")[name == "discriminator"]]).max())
      np.savez("keras.npz", *generator.get_weights(), *discriminator.get_weights())
      """

    @Test("the same model is exported under mpirun, and of live weights another one", .underMPI)
    func ranksAndWeights() throws {
      try train("digits", to: "run")
      for (ranks, name, more) in [(nil, "one", []), (2, "two", []), (nil, "live", ["--live"])]
        as [(Int?, String, [String])]
      {
        let export = try Run(["export", "run", "--output", "\(name).onnx"] + more, ranks: ranks, in: scratch)
        try #require(export.status == 0, "\(export.errors)")
        #expect(export.output.contains(name == "live" ? "live weights" : "averaged weights"))
      }
      #expect(try bytes(of: scratch / "one.onnx") == bytes(of: scratch / "two.onnx"))
      #expect(try bytes(of: scratch / "one.onnx") != bytes(of: scratch / "live.onnx"))
    }

    @Test("what cannot be exported is told in one line, and nothing is written")
    func refusals() throws {
      try train("digits", "model.discriminator.norm=batch", iterations: 2, to: "run")
      let cases: [(arguments: [String], status: Int32, words: String)] = [
        (["nowhere", "--output", "x.onnx"], 66, "nowhere: there is no such run"),
        (["run", "--output", "none/x.onnx"], 73, "none/x.onnx: cannot create"),
        (["run", "--output", "none/x.safetensors"], 73, "none/x.safetensors: cannot create"),
        (["run", "--output", "none/x.npz"], 73, "none/x.npz: cannot create"),
        (["run", "--output", "x.txt"], 64, "end it in .onnx, .safetensors or .npz"),
        (["run", "--output", "x.onnx", "--raw"], 64, "--raw is for safetensors and npz"),
        (["run", "--output", "x.npz", "--network", "discriminator", "--live"], 64, "only the generator"),
        (
          ["run", "--output", "x.onnx", "--network", "discriminator"], 78,
          "discriminator/block1/norm2: a number depends"
        ),
        ([checkpoint("run", 2), "--output", "x.onnx", "--network", "classifier"], 66, "no classifier"),
      ]
      try FileManager.default.removeItem(atPath: scratch / "run/classifier.safetensors")
      for (arguments, status, words) in cases {
        let run = try Run(["export"] + arguments, in: scratch)
        #expect(run.status == status && run.errorLines.count == 1 && run.errors.contains(words), "\(run.errors)")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).allSatisfy { !$0.contains("x.") })
    }
  }
}
