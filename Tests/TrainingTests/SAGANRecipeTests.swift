import Graphs
import Layers
import Models
import Tensors
import Testing

@testable import Training

/// The networks that the recipes for images ask for.
@Suite struct SAGANRecipeTests {
  private struct Networks {
    let model: any ConditionalModel
    let generator = ParameterTable(name: "generator")
    let discriminator = ParameterTable(name: "discriminator")
    let images: Shape

    /// Built, but without memory: these are networks of millions of parameters.
    init(_ recipe: Recipe, imageShape: Shape) throws {
      model = try recipe.makeModel(imageShape: imageShape, conditionSize: 10)
      let graph = Graph()
      let condition = try graph.constant(0, shape: [1, 10])
      let made = try model.generate(
        noise: graph.constant(0, shape: [1, model.noiseSize]), condition: condition,
        in: Scope(graph: graph, parameters: generator))
      let scope = Scope(graph: graph, parameters: discriminator)
      _ = try model.judge(features: model.features(of: made, in: scope), condition: condition, in: scope)
      images = made.shape
    }

    func count(_ part: String) -> Int {
      (generator.entries + discriminator.entries).filter { $0.name.hasPrefix(part) }.reduce(0) { $0 + $1.shape.count }
    }
  }

  @Test("digits has 64,002 and 36,178 parameters, spectral norm in the discriminator alone")
  func digits() throws {
    let networks = try Networks(recipe("digits"), imageShape: [16, 16, 1])
    #expect(networks.images == [1, 16, 16, 1])
    #expect(networks.generator.parameterCount == 64_002)
    #expect(networks.discriminator.parameterCount == 36_178)
    #expect(networks.generator.values.count > 64_002, "tensors start on cache lines")
    #expect(!networks.model.normalizesGeneratorWeights)
    #expect(networks.model.normalizesDiscriminatorWeights)
  }

  @Test("mnist is digits' network from a first image of 7×7")
  func mnist() throws {
    let networks = try Networks(recipe("mnist"), imageShape: [28, 28, 1])
    #expect(networks.images == [1, 28, 28, 1])
    #expect(networks.generator.parameterCount == 64_002 + (49 - 16) * 32 * (64 + 1))
    #expect(networks.discriminator.parameterCount == 36_178)
  }

  @Test("cifar10 has the published SAGAN-32, layer by layer, spectral norm in both")
  func cifar10() throws {
    let networks = try Networks(recipe("cifar10"), imageShape: [32, 32, 3])
    #expect(networks.images == [1, 32, 32, 3])
    func convolution(_ kernel: Int, _ from: Int, _ to: Int) -> Int { kernel * kernel * from * to + to }
    func attention(_ c: Int) -> Int { 2 * c * c / 8 + c * c / 2 + c * c / 2 + 1 }

    let block = 2 * 10 * 2 * 256 + 2 * convolution(3, 256, 256) + convolution(1, 256, 256)
    for index in 1...3 { #expect(networks.count("generator/block\(index)/") == block) }
    #expect(networks.count("generator/attention16/") == attention(256))
    #expect(
      networks.generator.parameterCount
        == (128 * 4096 + 4096) + 3 * block + attention(256) + 2 * 256 + convolution(3, 256, 3))
    #expect(networks.generator.parameterCount == 4_386_308)

    let first = convolution(3, 3, 128) + convolution(3, 128, 128) + convolution(1, 3, 128)
    let plain = 2 * convolution(3, 128, 128)
    #expect(networks.count("discriminator/block1/") == first)
    #expect(networks.count("discriminator/attention16/") == attention(128))
    #expect(networks.count("discriminator/block2/") == plain + convolution(1, 128, 128))
    for index in 3...4 { #expect(networks.count("discriminator/block\(index)/") == plain) }
    #expect(networks.discriminator.parameterCount == 1_075_586)
    #expect(networks.model.normalizesGeneratorWeights && networks.model.normalizesDiscriminatorWeights)
  }

  @Test(
    "settings that no network can have are refused by their key",
    arguments: [
      ("model.generator.channels=[]", "--set: model.generator.channels: a list or a group must be 2 to 7 widths"),
      ("model.generator.channels=[8]", "model.generator.channels: a list or a group must be 2 to 7 widths"),
      ("model.generator.channels=[8, 0]", "model.generator.channels: a list or a group must be 2 to 7 widths"),
      ("model.generator.channels=8", "model.generator.channels: 8 is not a list such as [128, 64]"),
      ("model.discriminator.channels=[]", "model.discriminator.channels: a list or a group must be 1 to 8 widths"),
      ("model.discriminator.downBlocks=9", "model.discriminator.downBlocks: 9 must be from 0 to 8"),
      ("model.generator.norm=group", "model.generator.norm: group is not one of conditionalBatch, batch, instance"),
      ("norm.statistics=some", "norm.statistics: some is not one of global, node, rank"),
      ("model.generator.tokens=8", "there is no key model.generator.tokens"),
    ])
  func refused(setting: String, message: String) throws {
    let failure = #expect(throws: Failure.self) { try recipe("digits", setting) }
    #expect(failure?.code == .configuration)
    #expect(failure?.description.contains(message) == true, "\(String(describing: failure))")
  }
}
