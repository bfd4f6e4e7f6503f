import Graphs
import Layers
import Models
import Tensors
import TestSupport
import Testing

@Suite struct DenseAttentionTests {
  /// The network of the recipe `dense-reference`; with `isMended` that of `digits-dense`.
  static func digits(isMended: Bool = false) -> DenseAttention {
    func tower(after: [Int], _ activation: HiddenActivation, _ scores: ScoreActivation) -> DenseTower {
      var attention = AttentionOptions(.additive, scores, units: 32)
      attention.usesGate = isMended
      return DenseTower(
        hiddenBefore: [128], hiddenAfter: after, tokens: 8, activation: activation, attention: attention,
        imageLayerScale: isMended ? 0.2 : 1)
    }
    return DenseAttention(
      imageShape: [16, 16, 1], noiseSize: 100, conditionSize: 10,
      generator: tower(after: isMended ? [256] : [], .prelu, .softmax),
      discriminator: tower(after: [256], .leakyRelu, .sigmoid))
  }

  /// Both networks of a model in one graph, over numbers without pattern.
  struct Networks {
    let graph = Graph()
    let generator: Scope
    let discriminator: Scope
    let noise: Value
    let condition: Value
    let images: Value
    let features: Value
    let logits: Value

    init(_ model: DenseAttention, batch: Int) throws {
      generator = Scope(graph: graph, parameters: ParameterTable(name: "generator"), isWatched: true)
      discriminator = Scope(graph: graph, parameters: ParameterTable(name: "discriminator"), isWatched: true)
      noise = try graph.read(testBlock(batch * model.noiseSize), shape: [batch, model.noiseSize])
      condition = try graph.read(
        testBlock(batch * model.conditionSize, seed: 2), shape: [batch, model.conditionSize])
      images = try model.generate(noise: noise, condition: condition, in: generator)
      features = try model.features(of: images, in: discriminator)
      logits = try model.judge(features: features, condition: condition, in: discriminator)
    }

    func initialize(seed: UInt64 = 1) {
      for table in [generator.parameters, discriminator.parameters] {
        table.values.allocate()
        table.initialize(seed: seed)
      }
    }
  }

  @Test("the networks have as many parameters as the layers that they are said to have")
  func parameterCounts() throws {
    let plain = try Networks(Self.digits(), batch: 3)
    let attention = 16 * 32 + 16 * 32 + 32 + 32 + 1
    let plainGenerator = (110 * 128 + 128) + 128 + attention + (128 * 256 + 256)
    let plainDiscriminator = (256 * 128 + 128) + attention + (138 * 256 + 256) + (256 + 1)
    #expect(plain.generator.parameters.parameterCount == plainGenerator)
    #expect(plain.discriminator.parameters.parameterCount == plainDiscriminator)
    #expect(plainGenerator == 48_449 && plainDiscriminator == 69_826)
    let mended = try Networks(Self.digits(isMended: true), batch: 3)
    #expect(mended.generator.parameters.parameterCount == 114_242)
    #expect(mended.discriminator.parameters.parameterCount == 69_827)
  }

  @Test("parameters are named by network, layer and role")
  func names() throws {
    let networks = try Networks(Self.digits(isMended: true), batch: 2)
    #expect(
      networks.generator.parameters.entries.map { "\($0.name) \($0.shape)" } == [
        "generator/before1/kernel [110, 128]", "generator/before1/bias [128]",
        "generator/before1/prelu/slope [128]", "generator/attention/Wt [16, 32]", "generator/attention/Wx [16, 32]",
        "generator/attention/bh [32]", "generator/attention/Wa [32, 1]", "generator/attention/ba [1]",
        "generator/attention/gate [1]", "generator/after1/kernel [128, 256]", "generator/after1/bias [256]",
        "generator/image/kernel [256, 256]", "generator/image/bias [256]",
      ])
    #expect(
      networks.discriminator.parameters.entries.map { "\($0.name) \($0.shape)" } == [
        "discriminator/before1/kernel [256, 128]", "discriminator/before1/bias [128]",
        "discriminator/attention/Wt [16, 32]", "discriminator/attention/Wx [16, 32]",
        "discriminator/attention/bh [32]", "discriminator/attention/Wa [32, 1]", "discriminator/attention/ba [1]",
        "discriminator/attention/gate [1]", "discriminator/after1/kernel [138, 256]",
        "discriminator/after1/bias [256]", "discriminator/logit/kernel [256, 1]", "discriminator/logit/bias [1]",
      ])
  }

  @Test("the layer that touches the image starts scaled")
  func imageLayerScale() throws {
    let networks = try Networks(Self.digits(isMended: true), batch: 2)
    let scaled = (networks.generator.parameters.entries + networks.discriminator.parameters.entries)
      .filter { $0.initializer == .scaled(.glorotUniform, by: 0.2) }
    #expect(scaled.map(\.name) == ["generator/image/kernel", "discriminator/before1/kernel"])
  }

  struct Variation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var imageShape: Shape = [16, 16, 1]
    var conditionSize = 10
    var before = [128]
    var after = [256]
    var tokens: Int? = 8
    var type = AttentionType.additive
  }

  @Test(
    "images and logits have the shapes of the recipe, and images stay in [−1, 1]",
    arguments: [
      Variation(testDescription: "as published"),
      Variation(testDescription: "three channels, not square", imageShape: [8, 12, 3]),
      Variation(testDescription: "no attention", tokens: nil),
      Variation(testDescription: "several layers", before: [64, 96, 32], after: [48, 24]),
      Variation(testDescription: "no layers behind", after: []),
      Variation(testDescription: "one token", tokens: 1),
      Variation(testDescription: "tokens of one number", tokens: 128),
      Variation(testDescription: "one continuous condition", conditionSize: 1),
      Variation(testDescription: "multiplicative", type: .multiplicative),
      Variation(testDescription: "scaled dot-product", type: .scaledDotProduct),
      Variation(testDescription: "residual", type: .residualScaledDotProduct),
    ])
  func shapes(variation: Variation) throws {
    var model = Self.digits()
    model.imageShape = variation.imageShape
    model.conditionSize = variation.conditionSize
    for tower in [\DenseAttention.generator, \DenseAttention.discriminator] {
      model[keyPath: tower].hiddenBefore = variation.before
      model[keyPath: tower].hiddenAfter = variation.after
      model[keyPath: tower].tokens = variation.tokens
      model[keyPath: tower].attention.type = variation.type
    }
    let networks = try Networks(model, batch: 3)
    #expect(networks.images.shape == Shape([3] + variation.imageShape.dimensions))
    #expect(networks.features.shape == [3, variation.before.last!])
    #expect(networks.logits.shape == [3])
    let layers = networks.generator.parameters.entries.map(\.name).filter { $0.hasSuffix("kernel") }
    #expect(
      layers == variation.before.indices.map { "generator/before\($0 + 1)/kernel" }
        + variation.after.indices.map { "generator/after\($0 + 1)/kernel" } + ["generator/image/kernel"])
    let hasAttention = networks.generator.observations.all.isEmpty == false
    #expect(hasAttention == (variation.tokens != nil))
    networks.initialize()
    let outputs = try runProgram(networks.graph, [networks.images, networks.logits])
    #expect(outputs[0].allSatisfy { abs($0) <= 1 } && outputs[0].contains { abs($0) > 0.01 })
    #expect(outputs[1].allSatisfy { $0.isFinite })
    for (value, result) in zip([networks.images, networks.logits], outputs) {
      #expect(relativeDifference(result, ReferenceEvaluator(networks.graph).evaluate(value)) < 1e-5)
    }
  }

  @Test("tokens that do not divide the width are refused by name, with both numbers", arguments: [3, 7, 129])
  func tokens(tokens: Int) throws {
    var model = Self.digits()
    model.generator.tokens = tokens
    let found = #expect(throws: GraphError.self) { try Networks(model, batch: 2) }
    #expect(
      found?.description
        == "generator: \(tokens) tokens do not divide the width 128 of the layer before attention")
    model.generator.tokens = 8
    model.discriminator.tokens = tokens
    let other = #expect(throws: GraphError.self) { try Networks(model, batch: 2) }
    #expect(other?.layer == "discriminator")
  }

  @Test("the condition changes images, and how the same image is judged")
  func conditions() throws {
    let model = Self.digits(isMended: true)
    let networks = try Networks(model, batch: 2)
    let condition = try networks.graph.literal((0..<20).map { $0 % 11 == 0 ? 1 : 0 }, shape: [2, 10])
    let images = try model.generate(noise: networks.noise, condition: condition, in: networks.generator)
    let logits = try model.judge(features: networks.features, condition: condition, in: networks.discriminator)
    networks.initialize()
    let outputs = try runProgram(networks.graph, [networks.images, images, networks.logits, logits])
    #expect(zip(outputs[0], outputs[1]).allSatisfy { $0 != $1 })
    #expect(zip(outputs[2], outputs[3]).allSatisfy { $0 != $1 })
  }

  @Test("samples do not see each other")
  func samplesAreIndependent() throws {
    let whole = try Networks(Self.digits(isMended: true), batch: 4)
    whole.initialize()
    let one = try Networks(Self.digits(isMended: true), batch: 1)
    one.initialize()
    let all = try runProgram(whole.graph, [whole.images])[0]
    let first = try runProgram(one.graph, [one.images])[0]
    // The same sums in another order.
    #expect(zip(all, first).allSatisfy { abs($0 - $1) < 1e-5 })
  }
}
