import Communication
import Datasets
import Evaluation
import Layers
import Models
import Programs
import Tensors

/// A small, untrained SAGAN of 16×16 digits with everything that sampling depends on: conditional batch norms whose
/// gains differ, spectral norm, open attention. The same on every rank.
struct SAGANModel {
  let programs: EvaluationPrograms
  let dataset: Dataset
  let training: Conditions
  let test: Conditions

  init(communicator: any Communicator, discriminatorNorm: NormKind = .none) throws {
    dataset = Digits.load()
    training = Conditions(classesOf: dataset.training, classCount: 10, seed: 5)
    test = Conditions(classesOf: dataset.test, classCount: 10, seed: 5)
    let model = try SAGAN(
      imageShape: dataset.imageShape, noiseSize: 12, conditionSize: 10,
      generator: SAGANGenerator(channels: [8, 8, 8], attentionAt: [8]),
      discriminator: SAGANDiscriminator(channels: [8, 8], downBlocks: 2, attentionAt: [8], norm: discriminatorNorm))
    let tables = (generator: ParameterTable(name: "generator"), discriminator: ParameterTable(name: "discriminator"))
    let vectors = (
      generator: SpectralVectors(name: "generator"), discriminator: SpectralVectors(name: "discriminator")
    )
    let graphs = try EvaluationGraphs(
      EvaluatedNetworks(
        model: model, generator: tables.generator, generatorVectors: vectors.generator, average: nil,
        discriminator: tables.discriminator, discriminatorVectors: vectors.discriminator),
      seed: 5)
    for (table, vectors) in [(tables.generator, vectors.generator), (tables.discriminator, vectors.discriminator)] {
      table.values.allocate()
      vectors.table.values.allocate()
      table.initialize(seed: 5)
      Self.stir(table)
      vectors.start(parameters: table.values, seed: 5)
    }
    programs = EvaluationPrograms(graphs, arena: Arena(plans: graphs.plans), communicator: communicator)
  }

  /// Gains, biases and gates start alike for all classes and channels.
  private static func stir(_ table: ParameterTable) {
    let stream = RandomStream(seed: 9, purpose: .evaluation)
    for entry in table.entries where ["gain", "bias", "gate"].contains(where: entry.name.hasSuffix) {
      for index in entry.offset..<entry.offset + entry.shape.count {
        table.values.values[index] += Float(stream.uniform(iteration: 0, sample: UInt32(index)) - 0.3)
      }
    }
  }

  /// Norm statistics as sampling uses them.
  var statistics: [(name: String, values: [Float])] {
    programs.derivedState.flatMap { _, table, block in
      table.entries.map { ($0.name, Array(table.slice($0, of: block))) }
    }
  }
}
