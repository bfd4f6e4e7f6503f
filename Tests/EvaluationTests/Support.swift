import Communication
import Datasets
import Evaluation
import Layers
import Models
import Programs
import Tensors

/// A small, untrained model of 8×8 digits, the same on every rank.
struct TestModel {
  let programs: EvaluationPrograms
  let dataset: Dataset
  let training: Conditions
  let test: Conditions

  init(communicator: any Communicator) throws {
    dataset = Digits.load(resolution: Resolution(height: 8, width: 8))
    training = Conditions(classesOf: dataset.training, classCount: 10, seed: 5)
    test = Conditions(classesOf: dataset.test, classCount: 10, seed: 5)
    let attention = AttentionOptions()
    let model = DenseAttention(
      imageShape: dataset.imageShape, noiseSize: 12, conditionSize: 10,
      generator: DenseTower(hiddenBefore: [32], hiddenAfter: [], tokens: 4, activation: .tanh, attention: attention),
      discriminator: DenseTower(
        hiddenBefore: [32], hiddenAfter: [16], tokens: 4, activation: .leakyRelu, attention: attention))
    let generator = ParameterTable(name: "generator")
    let discriminator = ParameterTable(name: "discriminator")
    let graphs = try EvaluationGraphs(
      EvaluatedNetworks(
        model: model, generator: generator, generatorVectors: SpectralVectors(name: "generator"), average: nil,
        discriminator: discriminator, discriminatorVectors: SpectralVectors(name: "discriminator")),
      seed: 5)
    for table in [generator, discriminator] {
      table.values.allocate()
      table.initialize(seed: 5)
    }
    programs = EvaluationPrograms(graphs, arena: Arena(plans: graphs.plans), communicator: communicator)
  }
}
