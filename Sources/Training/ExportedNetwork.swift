import Checkpoints
import Communication
import Datasets
import Evaluation
import Exporting
import Files
import Graphs
import Layers
import Tensors

/// A network of a trained model, to be used by other programs.
public struct ExportedNetwork {
  public enum Part: String, Sendable, CaseIterable {
    case generator, discriminator
    /// The feature network that evaluations measure with.
    case classifier
  }

  public let part: Part
  public let model: SavedModel
  private let isLive: Bool
  private let classifier: ParameterTable?

  /// Loads a run's newest whole checkpoint, or a checkpoint file. Rank 0 reads, all ranks receive.
  ///
  /// - Parameters:
  ///   - isLive: the generator as training has it, not its average.
  ///   - models: as the run had them.
  /// - Throws: `SharedFailure` on all ranks.
  public init(
    _ part: Part, of path: String, isLive: Bool = false, models: ModelSource = .recipe, communicator: any Communicator
  ) throws {
    let model = try SavedModel(path: path, communicator: communicator, models: models)
    if isLive { try model.useLiveParameters(path: path, communicator: communicator) }
    (self.part, self.model) = (part, model)
    self.isLive = isLive || model.recipe.training.averageDecay == nil
    classifier = try communicator.together {
      try part == .classifier && communicator.rank == 0 ? Self.loadClassifier(of: path, model) : nil
    }
  }

  /// `generator`, with what it is of: recipe, iteration, whether averaged; scales and names of samples and conditions.
  public var notes: [(key: String, value: String)] {
    let common = [
      ("network", part.rawValue), ("recipe", model.recipe.name), ("iteration", String(model.iteration)),
      (
        SampleDescription.metadataKey,
        SampleDescription(layout: model.layout.explicit, classNames: model.classNames).json
      ),
    ]
    return part == .generator ? common + [("weights", isLive ? "live" : "averaged")] : common
  }

  /// The network for batches of a size.
  public func build(batch: Int) throws -> NetworkGraph {
    switch part {
    case .generator: return try model.programs.generator(batch: batch, layout: model.layout)
    case .discriminator: return try model.programs.discriminator(batch: batch, layout: model.layout)
    case .classifier:
      guard let classifier, let outputs = classifier.entries.last?.shape.last else {
        preconditionFailure("only rank 0 has the classifier")
      }
      return try Classifier.network(
        batch: batch, parameters: classifier, imageShape: model.model.imageShape, outputs: outputs,
        layout: model.layout)
    }
  }

  public func onnx() throws -> ONNXModel {
    try ONNXModel(name: part.rawValue, notes: notes) { try build(batch: $0) }
  }

  /// Its weights; folded for use elsewhere, or as they are trained.
  public func tensors(raw: Bool) -> [NamedTensor] {
    let networks = model.programs.networks
    let tensors: NetworkTensors
    switch part {
    case .generator:
      tensors = NetworkTensors(
        parameters: networks.generator, vectors: networks.generatorVectors, standing: model.programs.standing)
    case .discriminator:
      tensors = NetworkTensors(parameters: networks.discriminator, vectors: networks.discriminatorVectors)
    case .classifier:
      guard let classifier else { preconditionFailure("only rank 0 has the classifier") }
      tensors = NetworkTensors(parameters: classifier)
    }
    return raw ? tensors.raw : tensors.folded
  }

  /// Inputs, and what the network makes of them: for comparing with another program. Rank 0 alone.
  ///
  /// Noise is normal, conditions are one class after the other or quantities within one unit of their means; images are
  /// the generator's.
  public func examples(count: Int) throws -> [NamedTensor] {
    let (noiseSize, size) = (model.model.noiseSize, model.model.conditionSize)
    let kind = model.recipe.model.conditionKind
    let classes = kind == .classes ? size : kind == .mixed ? model.classNames.count : 0
    let stream = RandomStream(seed: 1, purpose: .evaluation)
    let normal = { (sample: Int, place: Int) in
      // The sum of twelve uniform numbers has variance 1.
      Float(
        (0..<12).reduce(-6) {
          $0 + stream.uniform(iteration: 0, sample: UInt32(sample), position: UInt32(12 * place + $1))
        })
    }
    let conditions = (0..<count).flatMap { sample in
      (0..<size).map { k in
        k < classes
          ? (k == sample % classes ? 1 : 0)
          : Float(2 * stream.uniform(iteration: 1, sample: UInt32(sample), position: UInt32(k)) - 1)
      }
    }
    let noise = (0..<count).flatMap { sample in (0..<noiseSize).map { normal(sample, $0) } }
    let given = [
      NamedTensor(name: "noise", shape: [count, noiseSize], numbers: noise),
      NamedTensor(name: "condition", shape: [count, size], numbers: conditions),
    ]
    let samples = try NetworkProgram(model.programs.generator(batch: count, layout: model.layout))
      .run(["noise": noise, "condition": conditions])
    guard part != .generator else { return given + samples }
    let network = try build(batch: count)
    let known = given + samples
    let inputs = known.filter { tensor in network.inputs.contains { $0.name == tensor.name } }
    let outputs = try NetworkProgram(network).run(
      Dictionary(uniqueKeysWithValues: inputs.map { ($0.name, $0.numbers) }))
    return inputs + outputs
  }

  /// Rank 0 alone.
  private static func loadClassifier(of path: String, _ model: SavedModel) throws -> ParameterTable {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let isFile = path.hasSuffix(".safetensors")
    guard !isFile || (parts.count > 2 && parts[parts.count - 2] == "checkpoints") else {
      throw Failure("\(path): the classifier lies in the run directory; name that", code: .usage)
    }
    let file = RunDirectory(isFile ? parts.dropLast(2).joined(separator: "/") : path).classifier
    guard Directories.exists(file) else {
      throw Failure(
        "\(file): this run has no classifier; evaluation.classifierIterations was 0, or no evaluation took place",
        code: .noInput)
    }
    let stored = try SafetensorsFile(path: file)
    let output = try stored.shape(of: "classifier/output/kernel")
    guard output.rank == 2, (1...65_536).contains(output[1]) else {
      throw Failure("\(file): its last layer is \(output); it is no classifier of lockstep", code: .data)
    }
    let table = ParameterTable(name: "classifier")
    _ = try Classifier.network(
      batch: 1, parameters: table, imageShape: model.model.imageShape, outputs: output[1], layout: model.layout)
    for entry in table.entries where try stored.shape(of: entry.name) != entry.shape {
      throw Failure("\(file): tensor \(entry.name) is no \(entry.shape), as the run's images need", code: .data)
    }
    table.values.allocate()
    for entry in table.entries {
      try stored.read(
        entry.name, shape: entry.shape, into: UnsafeMutableRawBufferPointer(table.slice(entry, of: table.values)))
    }
    return table
  }
}
