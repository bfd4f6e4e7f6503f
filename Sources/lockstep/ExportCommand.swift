import ArgumentParser
import Checkpoints
import Communication
import Exporting
import Files
import Training

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Writes a trained network for other programs.",
    discussion: """
      onnx: the network itself, which onnxruntime and others run: noise [N, …] and condition [N, K] to images \
      [N, H, W, C] in [-1, 1] for the generator; images and condition to logits for the discriminator; images to \
      features and logits for the classifier. safetensors, npz: its weights by name. Of the generator, the average that \
      samples come from. Spectral norm and standing norm statistics are folded in. Metadata of onnx and safetensors have \
      class names and scales under "samples", as JSON: number = value * unit + center.

        lockstep export runs/first --output generator.onnx
        lockstep export runs/first --network discriminator --output d.safetensors
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case onnx, safetensors, npz }

  @Argument(help: ArgumentHelp("A run directory or a checkpoint file.", valueName: "RUN"))
  var path: String

  @Option(help: ArgumentHelp("The file to write.", valueName: "FILE"), transform: Arguments.outputPath)
  var output: String

  @Option(help: "What to write: onnx, safetensors or npz (default: the ending of --output).")
  var format: Format?

  @Option(help: "Which network: generator, discriminator or classifier.")
  var network = ExportedNetwork.Part.generator

  @Flag(help: "The generator as training has it, not its average.")
  var live = false

  @Flag(help: "Weights as they are trained, nothing folded in: singular vectors and norm statistics beside them.")
  var raw = false

  @Option(
    help: ArgumentHelp(
      "Also write some inputs and what this program makes of them, to compare with.", valueName: "FILE.npz"),
    transform: Arguments.outputPath)
  var examples: String?

  @Option(help: ArgumentHelp("How many --examples.", valueName: "N"))
  var exampleCount = 10

  private var chosen: Format? { format ?? Format(rawValue: output.split(separator: ".").last.map(String.init) ?? "") }

  func validate() throws {
    guard let chosen else {
      throw ValidationError("--output \(output): end it in .onnx, .safetensors or .npz, or say --format")
    }
    if raw, chosen == .onnx {
      throw ValidationError("--raw is for safetensors and npz; a model computes with one form")
    }
    if live, network != .generator { throw ValidationError("--live: only the generator has an average") }
    if let examples, !examples.hasSuffix(".npz") {
      throw ValidationError("--examples \(examples): the name must end in .npz")
    }
    if examples == output { throw ValidationError("--examples and --output name the same file") }
    guard (1...10_000).contains(exampleCount) else {
      throw ValidationError("--example-count \(exampleCount): must be from 1 to 10,000")
    }
  }

  func run() throws {
    Session.run(stallTimeoutSeconds: Watchdog.usualSeconds) { communicator, _ in
      let exported = try ExportedNetwork(network, of: path, isLive: live, communicator: communicator)
      try communicator.together {
        guard communicator.rank == 0, let chosen else { return }
        do {
          let summary = try write(exported, as: chosen)
          if let examples { try exported.examples(count: exampleCount).writeNPZ(to: examples) }
          print("\(output): \(summary)")
        } catch let error as FileError {
          throw Failure("\(error)", code: .cannotCreate)
        } catch let error as CheckpointError {
          throw Failure("\(error)", code: .cannotCreate)
        } catch let error as ExportError {
          throw Failure("\(path): \(error)", code: .configuration)
        }
      }
    }
  }

  /// - Returns: what the file holds, in words.
  private func write(_ exported: ExportedNetwork, as format: Format) throws -> String {
    let known = Dictionary(uniqueKeysWithValues: exported.notes.map { ($0.key, $0.value) })
    let weights = known["weights"].map { ", \($0) weights" } ?? ""
    let what = "\(network.rawValue) at iteration \(grouped(exported.model.iteration))\(weights)"
    switch format {
    case .onnx:
      let model = try exported.onnx()
      try model.write(to: output)
      return "\(what); \(model.signature), operator set \(ONNXModel.operatorSet)"
    case .safetensors:
      let tensors = exported.tensors(raw: raw)
      try tensors.writeSafetensors(
        to: output, metadata: known.merging(["format": "lockstep weights", "form": raw ? "raw" : "folded"]) { $1 })
      return "\(what); \(count(tensors))"
    case .npz:
      let tensors = exported.tensors(raw: raw)
      try tensors.writeNPZ(to: output)
      return "\(what); \(count(tensors))"
    }
  }

  private func count(_ tensors: [NamedTensor]) -> String {
    "\(grouped(tensors.count)) tensors, \(grouped(tensors.reduce(0) { $0 + $1.shape.count })) numbers"
  }
}

extension ExportedNetwork.Part: ExpressibleByArgument {}
