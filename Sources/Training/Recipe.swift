import Layers
import Models
import Optimization

/// Everything that defines a run, but not where and on how many ranks it happens.
///
/// Fully defaulted: the defaults are the recipe `dense-reference`.
public struct Recipe: Sendable {
  public enum ModelKind: String, Sendable, CaseIterable, RecipeValue { case denseAttention = "dense-attention" }
  public enum ConditionKind: String, Sendable, CaseIterable, RecipeValue { case classes, continuous }

  public var name = "dense-reference"
  public var seed = 1
  public var data = Data()
  public var model = Model()
  public var training = Training()
  public var evaluation = Evaluation()
  public var checkpoint = Checkpoint()
  public var log = Log()

  public struct Data: Sendable {
    public var source = "digits"
    public var height: Int?
    public var width: Int?
  }

  public struct Model: Sendable {
    public var kind = ModelKind.denseAttention
    public var noiseSize = 100
    public var conditionKind = ConditionKind.classes
    public var conditionSize: Int?
    public var generator = DenseTower(
      hiddenBefore: [128], hiddenAfter: [], tokens: 8, activation: .prelu, attention: attention(.softmax))
    public var discriminator = DenseTower(
      hiddenBefore: [128], hiddenAfter: [256], tokens: 8, activation: .leakyRelu, attention: attention(.sigmoid))

    private static func attention(_ activation: ScoreActivation) -> AttentionOptions {
      var options = AttentionOptions()
      options.activation = activation
      return options
    }
  }

  public struct Training: Sendable {
    public var batchSize = 64
    public var iterations = 20_000
    public var discriminatorSteps = 1
    public var loss = AdversarialLoss.binaryCrossEntropy
    public var mismatchedLabelWeight = 0.0
    public var r1Weight = 0.0
    public var generatorLearningRate = 2e-4
    public var discriminatorLearningRate = 2e-4
    public var beta1 = 0.5
    public var beta2 = 0.999
    public var epsilon = 1e-7
    public var weightDecay = 0.0
    public var averageDecay: Double?
  }

  public struct Evaluation: Sendable {
    public var every = 500
    public var samples = 256
    public var gridColumns = 10
  }

  public struct Checkpoint: Sendable {
    public var every = 500
    public var keep = 3
  }

  public struct Log: Sendable {
    public var everySeconds = 1.0
  }

  public init() {}
}

extension HiddenActivation: RecipeValue {}
extension AttentionType: RecipeValue {}
extension ScoreActivation: RecipeValue {}
extension AdversarialLoss: RecipeValue {}

extension Recipe {
  /// Every key, its meaning and its range: the one place that names them.
  public mutating func visit(_ fields: inout RecipeFields) throws {
    try fields.field("name", &name, "what the recipe is called")
    try fields.field("seed", &seed, "start of all random numbers", where: { $0 >= 0 }, "0 or more")
    try fields.section("data") { try data.visit(&$0) }
    try fields.section("model") { try model.visit(&$0) }
    try fields.section("training") { try training.visit(&$0) }
    try fields.section("evaluation") { f in
      try f.field(
        "every", &evaluation.every, "iterations between evaluations; 0: at the end only",
        where: { $0 >= 0 }, "0 or more")
      try f.field(
        "samples", &evaluation.samples, "images of each kind that an evaluation judges",
        where: { $0 >= 1 }, "1 or more")
      try f.field(
        "gridColumns", &evaluation.gridColumns, "samples per class in the picture",
        where: { (1...100).contains($0) }, "from 1 to 100")
    }
    try fields.section("checkpoint") { f in
      try f.field(
        "every", &checkpoint.every, "iterations between checkpoints; 0: at the end only",
        where: { $0 >= 0 }, "0 or more")
      try f.field("keep", &checkpoint.keep, "how many checkpoints stay", where: { $0 >= 1 }, "1 or more")
    }
    try fields.section("log") { f in
      try f.field(
        "everySeconds", &log.everySeconds, "seconds between lines of metrics.jsonl; 0: every iteration",
        where: { $0 >= 0 }, "0 or more")
    }
  }
}

extension Recipe.Data {
  fileprivate mutating func visit(_ f: inout RecipeFields) throws {
    try f.field("source", &source, "where the images come from: digits, idx:DIR, semeion:FILE")
    try f.field(
      "height", &height, "image height; none: as the data have it",
      where: { $0.map { (4...512).contains($0) } ?? true }, "from 4 to 512")
    try f.field(
      "width", &width, "image width; none: as the data have it",
      where: { $0.map { (4...512).contains($0) } ?? true }, "from 4 to 512")
  }
}

extension Recipe.Model {
  fileprivate mutating func visit(_ f: inout RecipeFields) throws {
    try f.field("kind", &kind, "family of networks")
    try f.field(
      "noiseSize", &noiseSize, "length of the generator's noise vector",
      where: { (1...65_536).contains($0) }, "from 1 to 65,536")
    try f.section("condition") { f in
      try f.field("kind", &conditionKind, "classes (one-hot) or continuous (quantities measured on the images)")
      try f.field(
        "size", &conditionSize, "number of classes or quantities; none: as the data have it",
        where: { $0.map { (1...65_536).contains($0) } ?? true }, "from 1 to 65,536")
    }
    try f.section("generator") { try generator.visit(&$0) }
    try f.section("discriminator") { try discriminator.visit(&$0) }
  }
}

extension DenseTower {
  fileprivate mutating func visit(_ f: inout RecipeFields) throws {
    let areWidths = { (widths: [Int]) in widths.allSatisfy { (1...65_536).contains($0) } }
    try f.field(
      "hiddenBefore", &hiddenBefore, "widths of the hidden layers before attention",
      where: { areWidths($0) && !$0.isEmpty }, "at least one width from 1 to 65,536")
    try f.field(
      "hiddenAfter", &hiddenAfter, "widths of the hidden layers after attention",
      where: areWidths, "widths from 1 to 65,536")
    try f.field("activation", &activation, "what follows each layer before attention")
    try f.field(
      "tokens", &tokens, "tokens that the layer before attention is cut into; none: no attention",
      where: { $0.map { (1...65_536).contains($0) } ?? true }, "from 1 to 65,536")
    try f.field(
      "imageLayerScale", &imageLayerScale, "factor on the initial kernel of the layer next to the image",
      where: { $0 > 0 }, "above 0")
    try f.section("attention") { try attention.visit(&$0) }
  }
}

extension AttentionOptions {
  fileprivate mutating func visit(_ f: inout RecipeFields) throws {
    try f.field("type", &type, "how scores come about")
    try f.field(
      "units", &units, "hidden width of the additive type", where: { (1...65_536).contains($0) },
      "from 1 to 65,536")
    try f.field("activation", &activation, "function on the scores before normalisation")
    try f.field(
      "width", &width, "tokens that a query sees; none: all", where: { $0.map { $0 >= 1 } ?? true },
      "1 or more")
    try f.field("historyOnly", &historyOnly, "a query sees no later tokens")
    try f.field("additiveBias", &usesAdditiveBias, "bias b_h inside the additive score")
    try f.field("attentionBias", &usesAttentionBias, "bias b_a on the score")
    try f.field("gate", &usesGate, "y = x + γ·v with a learned γ from 0")
    try f.field("valueProjection", &usesValueProjection, "attend to x·W_v instead of x")
    try f.factor("kernelL1", &kernelRegularizer.l1, "l1·Σ|w| of the attention kernels")
    try f.factor("kernelL2", &kernelRegularizer.l2, "l2·Σw² of the attention kernels")
    try f.factor("biasL1", &biasRegularizer.l1, "l1·Σ|b| of the attention biases")
    try f.factor("biasL2", &biasRegularizer.l2, "l2·Σb² of the attention biases")
    try f.factor("regularizerWeight", &attentionRegularizerWeight, "ρ of ρ·‖AAᵀ − I‖² per sample")
  }
}

extension RecipeFields {
  fileprivate mutating func factor(_ key: String, _ value: inout Float, _ help: String) throws {
    try field(key, &value, help, where: { $0 >= 0 }, "0 or more")
  }
}

extension Recipe.Training {
  fileprivate mutating func visit(_ f: inout RecipeFields) throws {
    let isRate = { (x: Double) in x > 0 && x <= 10 }
    let isFraction = { (x: Double) in x >= 0 && x < 1 }
    let isWeight = { (x: Double) in x >= 0 }
    try f.field(
      "batchSize", &batchSize, "images per step over all ranks",
      where: { (1...1_048_576).contains($0) }, "from 1 to 1,048,576")
    try f.field("iterations", &iterations, "iterations in all", where: { $0 >= 1 }, "1 or more")
    try f.field(
      "discriminatorSteps", &discriminatorSteps, "discriminator steps per generator step",
      where: { (1...100).contains($0) }, "from 1 to 100")
    try f.field("loss", &loss, "what the networks play for")
    try f.field(
      "mismatchedLabelWeight", &mismatchedLabelWeight, "weight of real images under a wrong condition",
      where: isWeight, "0 or more")
    try f.field("r1Weight", &r1Weight, "γ of γ/2·E‖∇D(real)‖²", where: isWeight, "0 or more")
    try f.field(
      "generatorLearningRate", &generatorLearningRate, "Adam's step size", where: isRate, "above 0, at most 10")
    try f.field(
      "discriminatorLearningRate", &discriminatorLearningRate, "Adam's step size", where: isRate, "above 0, at most 10")
    try f.field("beta1", &beta1, "Adam's decay of the first moment", where: isFraction, "from 0 to below 1")
    try f.field("beta2", &beta2, "Adam's decay of the second moment", where: isFraction, "from 0 to below 1")
    try f.field("epsilon", &epsilon, "Adam's ε", where: { $0 > 0 }, "above 0")
    try f.field(
      "weightDecay", &weightDecay, "parameters shrink by learning rate × this a step",
      where: isWeight, "0 or more")
    try f.field(
      "averageDecay", &averageDecay, "decay of the generator's moving average; none: no average",
      where: { $0.map(isFraction) ?? true }, "from 0 to below 1")
  }
}
