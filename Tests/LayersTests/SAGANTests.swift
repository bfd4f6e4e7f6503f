import Graphs
import Layers
import Models
import Tensors
import TestSupport
import Testing

@Suite struct SAGANTests {
  /// Narrow networks for images of a shape: as many generator blocks as `blocks` says.
  static func small(
    _ imageShape: Shape, blocks: Int = 2, attentionAt: [Int] = [], channels: Int = 8
  ) throws -> SAGAN {
    try SAGAN(
      imageShape: imageShape, noiseSize: 6, conditionSize: 3,
      generator: SAGANGenerator(
        channels: Array(repeating: channels, count: blocks + 1), attentionAt: attentionAt, usesSpectralNorm: false),
      discriminator: SAGANDiscriminator(
        channels: Array(repeating: channels, count: 3), downBlocks: 2, attentionAt: attentionAt,
        usesSpectralNorm: false))
  }

  /// Both networks of a model in one graph, over noise and conditions without pattern.
  struct Networks {
    let graph = Graph()
    let generator: Scope
    let discriminator: Scope
    let images: Value
    let features: Value
    let logits: Value

    init(_ model: SAGAN, batch: Int) throws {
      generator = Scope(graph: graph, parameters: ParameterTable(name: "generator"))
      discriminator = Scope(graph: graph, parameters: ParameterTable(name: "discriminator"))
      let noise = try graph.read(testBlock(batch * model.noiseSize), shape: [batch, model.noiseSize])
      let condition = try graph.read(
        testBlock(batch * model.conditionSize, seed: 2), shape: [batch, model.conditionSize])
      images = try model.generate(noise: noise, condition: condition, in: generator)
      features = try model.features(of: images, in: discriminator)
      logits = try model.judge(features: features, condition: condition, in: discriminator)
      for scope in [generator, discriminator] {
        scope.parameters.values.allocate()
        scope.parameters.initialize(seed: 1)
      }
    }

    func parameter(_ name: String) -> ParameterTable.Entry? {
      (generator.parameters.entries + discriminator.parameters.entries).first { $0.name == name }
    }
  }

  static let sizes: [(image: Shape, blocks: Int, attentionAt: Int, base: Shape)] = [
    ([16, 16, 1], 2, 8, [4, 4]), ([28, 28, 1], 2, 14, [7, 7]), ([32, 32, 3], 3, 16, [4, 4]),
    ([64, 48, 1], 4, 32, [4, 3]),
  ]

  @Test(
    "images have the asked shape whatever it is, features one number per channel, logits one per image",
    arguments: sizes)
  func shapes(image imageShape: Shape, blocks: Int, attentionAt: Int, base: Shape) throws {
    let networks = try Networks(Self.small(imageShape, blocks: blocks, attentionAt: [attentionAt]), batch: 2)
    #expect(networks.images.shape == Shape([2] + imageShape.dimensions))
    #expect(networks.features.shape == [2, 8])
    #expect(networks.logits.shape == [2])
    #expect(networks.parameter("generator/input/kernel")?.shape == [6, base.count * 8])
    // Attention where it was asked for, once in each network.
    let names = [networks.generator, networks.discriminator].map { scope in
      scope.parameters.entries.map(\.name).filter { $0.hasSuffix("/gate") }
    }
    #expect(names == [["generator/attention\(attentionAt)/gate"], ["discriminator/attention\(attentionAt)/gate"]])

    let found = try runProgram(networks.graph, [networks.images, networks.logits])
    #expect(found[0].allSatisfy { abs($0) <= 1 } && Set(found[0]).count > found[0].count / 2)
    #expect(found[1].allSatisfy { $0.isFinite } && found[1][0] != found[1][1])
  }

  @Test("the logit is h·w + b + ⟨E·condition, h⟩ of the summed features")
  func logit() throws {
    let networks = try Networks(Self.small([16, 16, 1]), batch: 2)
    let table = networks.discriminator.parameters
    let numbers = { (name: String) throws -> [Double] in
      let entry = try #require(networks.parameter("discriminator/" + name))
      return table.slice(entry, of: table.values).map(Double.init)
    }
    let bias = try #require(networks.parameter("discriminator/output/bias"))
    table.slice(bias, of: table.values)[0] = 0.25
    let found = try runProgram(networks.graph, [networks.features, networks.logits])
    let (w, e) = (try numbers("output/kernel"), try numbers("embedding/table"))
    let block = testBlock(6, seed: 2)
    let condition = withExtendedLifetime(block) { block.values.map(Double.init) }
    let expected = (0..<2).map { n in
      (0..<8).reduce(0.25) { sum, c in
        let embedded = (0..<3).reduce(0.0) { $0 + condition[3 * n + $1] * e[8 * $1 + c] }
        return sum + Double(found[0][8 * n + c]) * (w[c] + embedded)
      }
    }
    // Float32 sums of eight products.
    #expect(relativeDifference(found[1], expected) < 1e-5)
    #expect(found[0].allSatisfy { $0 >= 0 }, "sums of what a ReLU lets pass")
  }

  @Test("attention in the discriminator follows the block that reaches its resolution, once")
  func attentionPlaces() throws {
    // Without any halving there is one resolution, and it is reached by the first block.
    let flat = try SAGAN(
      imageShape: [16, 16, 1], noiseSize: 6, conditionSize: 3,
      generator: SAGANGenerator(channels: [8, 8, 8], attentionAt: [8, 16]),
      discriminator: SAGANDiscriminator(channels: [8, 8], downBlocks: 0, attentionAt: [16]))
    let networks = try Networks(flat, batch: 2)
    let layers = networks.discriminator.parameters.entries.map { $0.name.split(separator: "/")[1] }
    let first = try #require(layers.firstIndex(of: "attention16"))
    #expect(layers[..<first].last == "block1")
    #expect(layers[first...].first { $0 != "attention16" } == "block2")
    #expect(
      networks.generator.parameters.entries.map(\.name).filter { $0.hasSuffix("/gate") }
        == ["generator/attention8/gate", "generator/attention16/gate"])
  }

  @Test("the generator's biases in front of a norm are constant, with attention in between too")
  func biases() throws {
    let networks = try Networks(Self.small([16, 16, 1], attentionAt: [8]), batch: 2)
    let table = networks.generator.parameters
    let gate = try #require(networks.parameter("generator/attention8/gate"))
    table.slice(gate, of: table.values)[0] = 0.5
    let entries = table.entries.filter { $0.name.hasSuffix("/bias") }
    let found = try gradients(
      of: (networks.images * 0.5 + networks.images.squared).total,
      withRespectTo: entries.map { try networks.graph.read(table.values, at: $0.offset, shape: $0.shape) })
    let constant = zip(entries, try runProgram(networks.graph, found)).filter { $1.allSatisfy { $0 == 0 } }
    #expect(
      constant.map(\.0.name)
        == (1...2).flatMap { block in ["conv1", "conv2", "skip"].map { "generator/block\(block)/\($0)/bias" } })
  }

  struct Mistake: Sendable, CustomTestStringConvertible {
    var imageShape: Shape = [16, 16, 1]
    var generator = SAGANGenerator(channels: [8, 8, 8], attentionAt: [])
    var discriminator = SAGANDiscriminator(channels: [8, 8, 8], downBlocks: 2, attentionAt: [])
    let message: String

    var testDescription: String { message }
  }

  static let mistakes = [
    Mistake(
      imageShape: [12, 12, 1],
      message: "data.height and data.width: images of 12×12; this model makes 16×16 to 128×128"),
    Mistake(
      imageShape: [16, 144, 1],
      message: "data.height and data.width: images of 16×144; this model makes 16×16 to 128×128"),
    Mistake(
      imageShape: [28, 28, 1], generator: SAGANGenerator(channels: [8, 8, 8, 8], attentionAt: []),
      message: "model.generator.channels: 3 blocks multiply the first image by 8, which does not reach 28×28 from at "
        + "least 2×2; every block adds one entry to the list"),
    Mistake(
      generator: SAGANGenerator(channels: [8, 8, 8, 8, 8], attentionAt: []),
      message: "model.generator.channels: 4 blocks multiply the first image by 16, which does not reach 16×16 from at "
        + "least 2×2; every block adds one entry to the list"),
    Mistake(
      imageShape: [17, 16, 1],
      message: "model.generator.channels: 2 blocks multiply the first image by 4, which does not reach 17×16 from at "
        + "least 2×2; every block adds one entry to the list"),
    Mistake(
      imageShape: [16, 18, 1],
      message: "model.generator.channels: 2 blocks multiply the first image by 4, which does not reach 16×18 from at "
        + "least 2×2; every block adds one entry to the list"),
    Mistake(
      generator: SAGANGenerator(channels: [], attentionAt: []),
      message: "model.generator.channels: [] is too short; the first layer has one entry, every block adds one"),
    Mistake(
      generator: SAGANGenerator(channels: [8], attentionAt: []),
      message: "model.generator.channels: [8] is too short; the first layer has one entry, every block adds one"),
    Mistake(
      discriminator: SAGANDiscriminator(channels: [], downBlocks: 0, attentionAt: []),
      message: "model.discriminator.channels: no blocks; every block adds one entry to the list"),
    Mistake(
      discriminator: SAGANDiscriminator(channels: [8, 8], downBlocks: 3, attentionAt: []),
      message: "model.discriminator.downBlocks: 3 of only 2 blocks"),
    Mistake(
      imageShape: [20, 28, 1],
      discriminator: SAGANDiscriminator(channels: [8, 8, 8], downBlocks: 3, attentionAt: []),
      message: "model.discriminator.downBlocks: 20×28 cannot be halved 3 times"),
    Mistake(
      generator: SAGANGenerator(channels: [8, 8, 8], attentionAt: [8, 7]),
      message: "model.generator.attentionAt: no block has height 7; there are 8, 16"),
    Mistake(
      generator: SAGANGenerator(channels: [8, 8, 8], attentionAt: [4]),
      message: "model.generator.attentionAt: no block has height 4; there are 8, 16"),
    Mistake(
      discriminator: SAGANDiscriminator(channels: [8, 8, 8], downBlocks: 2, attentionAt: [16]),
      message: "model.discriminator.attentionAt: no block has height 16; there are 8, 4"),
    Mistake(
      discriminator: SAGANDiscriminator(channels: [8], downBlocks: 0, attentionAt: [8]),
      message: "model.discriminator.attentionAt: no block has height 8; there are 16"),
    Mistake(
      imageShape: [28, 28, 1],
      discriminator: SAGANDiscriminator(channels: [8, 8], downBlocks: 2, attentionAt: [14, 7]),
      message: "model.discriminator.attentionAt: attention pools 2×2, which 7×7 does not allow"),
    // 16 rows, but 5 columns.
    Mistake(
      imageShape: [64, 20, 1],
      discriminator: SAGANDiscriminator(channels: [8, 8], downBlocks: 2, attentionAt: [16]),
      message: "model.discriminator.attentionAt: attention pools 2×2, which 16×5 does not allow"),
  ]

  @Test("networks that do not fit the images are refused by the key to change", arguments: mistakes)
  func refused(_ mistake: Mistake) throws {
    let error = #expect(throws: GraphError.self) {
      try SAGAN(
        imageShape: mistake.imageShape, noiseSize: 6, conditionSize: 3, generator: mistake.generator,
        discriminator: mistake.discriminator)
    }
    #expect(error?.description == mistake.message)
  }

  @Test("every size from 16 to 128 that the blocks can reach is accepted")
  func accepted() throws {
    for side in 16...128 where side % 4 == 0 { _ = try Self.small([side, 144 - side, 1]) }
    _ = try Self.small([128, 128, 3], blocks: 6, attentionAt: [32])
  }

  @Test("a conditional norm in the discriminator, which sees no condition there, is refused by name")
  func conditionalDiscriminator() throws {
    let error = #expect(throws: GraphError.self) {
      try SAGAN(
        imageShape: [16, 16, 1], noiseSize: 6, conditionSize: 3,
        generator: SAGANGenerator(channels: [8, 8, 8], attentionAt: []),
        discriminator: SAGANDiscriminator(channels: [8, 8], downBlocks: 2, attentionAt: [], norm: .conditionalBatch))
    }
    #expect(error?.layer == "model.discriminator.norm")
  }
}
