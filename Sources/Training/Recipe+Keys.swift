import Datasets
import Layers
import Models
import Optimization

// Every key of a recipe with its meaning and its range.

extension HiddenActivation: RecipeValue {}
extension AttentionType: RecipeValue {}
extension ScoreActivation: RecipeValue {}
extension AdversarialLoss: RecipeValue {}
extension NormKind: RecipeValue {}
extension NormStatistics: RecipeValue {}

extension Recipe {
  /// Every key, its meaning and its range: the one place that names them.
  public mutating func visit(_ fields: inout RecipeFields) throws {
    try fields.field(
      "version", &version, "version of these keys", where: { $0 == Self.currentVersion },
      "\(Self.currentVersion); a newer recipe needs a newer lockstep")
    try fields.field("name", &name, "what the recipe is called; its runs lie in runs/NAME")
    try fields.field("seed", &seed, "start of all random numbers", where: { $0 >= 0 }, "0 or more")
    try fields.section("data") { try data.visit(&$0) }
    try fields.section("model") { try model.visit(&$0) }
    if model.kind == .sagan { try fields.section("norm") { try norm.visit(&$0) } }
    try fields.section("training") { try training.visit(&$0) }
    try fields.section("health") { try health.visit(&$0) }
    try fields.section("evaluation") { f in
      try f.field(
        "every", &evaluation.every, "iterations between evaluations; 0: at the end only",
        where: areIterations(from: 0), iterationRange(from: 0))
      try f.field(
        "samples", &evaluation.samples, "samples of each kind that an evaluation judges",
        where: { (1...10_000_000).contains($0) }, "from 1 to 10,000,000")
      try f.field(
        "gridColumns", &evaluation.gridColumns, "samples per class in the picture",
        where: { (1...100).contains($0) }, "from 1 to 100")
      try f.field(
        "classifierIterations", &evaluation.classifierIterations,
        "training steps of the classifier that tells whether samples show their class; 0: no classifier",
        where: { (0...10_000_000).contains($0) }, "from 0 to 10,000,000")
    }
    try fields.section("checkpoint") { f in
      try f.field(
        "every", &checkpoint.every, "iterations between checkpoints; 0: at the end only",
        where: areIterations(from: 0), iterationRange(from: 0))
      try f.field(
        "everySeconds", &checkpoint.everySeconds, "seconds between checkpoints, at the latest; 0: no such limit",
        where: { (0...1e9).contains($0) }, "from 0 to 1,000,000,000")
      try f.field(
        "keep", &checkpoint.keep, "how many of the newest checkpoints stay, beside two healthy ones for roll backs",
        where: areIterations(from: 1), iterationRange(from: 1))
      try f.field(
        "keepEvery", &checkpoint.keepEvery, "those of every so many iterations stay, too; 0: none for that",
        where: areIterations(from: 0), iterationRange(from: 0))
      try f.field(
        "keepBest", &checkpoint.keepBest, "and the one whose evaluation is the best by this; written whenever it is")
    }
    try fields.section("log") { f in
      try f.field(
        "everySeconds", &log.everySeconds, "seconds between lines of metrics.jsonl; 0: every iteration",
        where: { (0...1e9).contains($0) }, "from 0 to 1,000,000,000")
    }
  }
}

extension Recipe.Health {
  fileprivate mutating func visit(_ f: inout RecipeFields) throws {
    try f.field("nonFinite", &nonFinite, "when a loss or gradient is not finite")
    try f.field("gradientNorm", &gradientNorm, "when a gradient is unusually long")
    try f.field(
      "gradientNormDeviations", &gradientNormDeviations,
      "unusual: so many standard deviations above the mean of the window's log-norms", where: { $0 > 0 && $0 <= 1e9 },
      "above 0, at most 1,000,000,000")
    try f.field(
      "saturation", &saturation, "when the discriminator is always right; skip: its updates, until it is not")
    try f.field(
      "saturationAccuracy", &saturationAccuracy, "always: this share of real and of fake samples over the window",
      where: { $0 > 0 && $0 <= 1 }, "above 0, at most 1")
    try f.field("collapse", &collapse, "when samples of a class are all alike")
    try f.field(
      "collapseSpread", &collapseSpread, "alike: their spread is below this share of the real ones' spread",
      where: { (0...1).contains($0) }, "from 0 to 1")
    try f.field(
      "window", &window, "phases or iterations that count as usual", where: { (2...1_000_000).contains($0) },
      "from 2 to 1,000,000")
    try f.field(
      "rollBackFactor", &rollBackFactor, "what a roll back multiplies both learning rates by",
      where: { $0 > 0 && $0 <= 1 }, "above 0, at most 1")
    try f.field(
      "mostRollBacks", &mostRollBacks, "roll backs in all before the run stops",
      where: { (0...1_000_000).contains($0) },
      "from 0 to 1,000,000")
    try f.field(
      "digestEvery", &digestEvery, "iterations between comparisons of all parameters over the ranks; 0: none",
      where: areIterations(from: 0), iterationRange(from: 0))
  }
}

extension Recipe.Data {
  fileprivate mutating func visit(_ f: inout RecipeFields) throws {
    try f.field(
      "source", &source,
      "where the data come from: \(DatasetSource.forms.joined(separator: ", "))")
    try f.field(
      "height", &height, "image height; none: as the data have it",
      where: { $0.map { (4...512).contains($0) } ?? true }, "from 4 to 512")
    try f.field(
      "width", &width, "image width; none: as the data have it",
      where: { $0.map { (4...512).contains($0) } ?? true }, "from 4 to 512")
    try f.field(
      "crop", &crop,
      "CIFAR and image folders keep their proportions and lose what sticks out; false: they are stretched")
    try f.field(
      "channels", &channels, "1: grey, the mean of colours; 3: colour; none: as the data have it",
      where: { $0.map { $0 == 1 || $0 == 3 } ?? true }, "1 or 3")
    try f.field("flip", &flip, "training images are shown mirrored, left for right, half of the time")
    try f.field("orient", &orient, "images of a folder are turned as their EXIF says; false: they lie as stored")
    try f.field(
      "skipUnreadable", &skipUnreadable, "files of an image folder that cannot be read are left out and counted")
    try f.field(
      "layout", &layout, "what arrays and tables hold; automatic: [N, D] are vectors, [N, H, W] and [N, H, W, C] images"
    )
    try f.field(
      "range", &range,
      "numbers of images, of an array or in their files, that stand for black and white; []: as they show",
      where: { $0.isEmpty || $0.count == 2 && $0[0] < $0[1] && $0.allSatisfy { abs($0) <= 1e30 } },
      "[] or two numbers, the lower first")
    try f.field(
      "label", &label, "column with the class, of a table or of a list of image files; none: all are of one class")
    try f.field("conditions", &conditions, "columns of a table with quantities to condition on")
    try f.field(
      "columns", &columns, "columns of a table to learn; []: all others with numbers, but those that number the lines"
    )
    try f.field(
      "dropNonFinite", &dropNonFinite,
      "samples with NaN, infinity or a missing number, or without a class, are left out and counted")
    try f.field(
      "mostUnpackedGB", &mostUnpackedGB,
      "a packed file (.npz, .gz) may unpack to so many GB; to 64 times its size where that is more",
      where: { (0...1e6).contains($0) }, "from 0 to 1,000,000")
  }
}

extension Recipe.Model {
  fileprivate mutating func visit(_ f: inout RecipeFields) throws {
    try f.field("kind", &kind, "family of networks")
    try f.field(
      "noiseSize", &noiseSize, "length of the generator's noise vector",
      where: { (1...65_536).contains($0) }, "from 1 to 65,536")
    try f.section("condition") { f in
      try f.field(
        "kind", &conditionKind,
        "what networks are told: classes (one-hot), continuous (quantities: those of the data, else measured on the "
          + "images), mixed (both), or automatic (what the data have, labels or quantities or both)")
      try f.field(
        "size", &conditionSize, "number of classes or quantities; none: as the data have it",
        where: { $0.map { (1...65_536).contains($0) } ?? true }, "from 1 to 65,536")
    }
    switch kind {
    case .denseAttention:
      try f.section("generator") { try generator.visit(&$0) }
      try f.section("discriminator") { try discriminator.visit(&$0) }
    case .sagan:
      try f.field("initialization", &initialization, "how weights start")
      try f.field(
        "powerIterations", &powerIterations, "of spectral norm, per update", where: { (1...100).contains($0) },
        "from 1 to 100")
      try f.section("generator") { try saganGenerator.visit(&$0) }
      try f.section("discriminator") { try saganDiscriminator.visit(&$0) }
    }
  }
}

/// Counts of iterations: times the largest batch they stay below 2⁶³.
private func areIterations(from least: Int) -> (Int) -> Bool { { (least...1_000_000_000_000).contains($0) } }

private func iterationRange(from least: Int) -> String { "from \(least) to 1,000,000,000,000" }

private func areHeights(_ heights: [Int]) -> Bool {
  heights.count <= 8 && heights.allSatisfy { (1...512).contains($0) }
}

private func areWidths(_ widths: [Int]) -> Bool { widths.allSatisfy { (1...65_536).contains($0) } }

extension SAGANGenerator {
  fileprivate mutating func visit(_ f: inout RecipeFields) throws {
    try f.field(
      "channels", &channels, "channels behind the first layer, then behind every block that doubles the image",
      where: { areWidths($0) && (2...7).contains($0.count) }, "2 to 7 widths from 1 to 65,536")
    try f.field(
      "attentionAt", &attentionAt, "heights at which attention follows a block; []: none",
      where: areHeights, "up to 8 heights from 1 to 512")
    try f.field("norm", &norm, "normalisation before every activation")
    try f.field("spectralNorm", &usesSpectralNorm, "divide every weight by its largest singular value")
  }
}

extension SAGANDiscriminator {
  fileprivate mutating func visit(_ f: inout RecipeFields) throws {
    try f.field(
      "channels", &channels, "channels behind every block",
      where: { areWidths($0) && (1...8).contains($0.count) }, "1 to 8 widths from 1 to 65,536")
    try f.field(
      "downBlocks", &downBlocks, "how many blocks halve the image, from the first on",
      where: { (0...8).contains($0) }, "from 0 to 8")
    try f.field(
      "attentionAt", &attentionAt, "heights at which attention follows a block; []: none",
      where: areHeights, "up to 8 heights from 1 to 512")
    try f.field("norm", &norm, "normalisation before every activation")
    try f.field("spectralNorm", &usesSpectralNorm, "divide every weight by its largest singular value")
  }
}

extension Recipe.Norm {
  fileprivate mutating func visit(_ f: inout RecipeFields) throws {
    try f.field("statistics", &statistics, "whose samples batch norm averages over")
  }
}

extension DenseTower {
  fileprivate mutating func visit(_ f: inout RecipeFields) throws {
    try f.field(
      "hiddenBefore", &hiddenBefore, "widths of the hidden layers before attention",
      where: { areWidths($0) && (1...64).contains($0.count) }, "at least one width from 1 to 65,536, at most 64 of them"
    )
    try f.field(
      "hiddenAfter", &hiddenAfter, "widths of the hidden layers after attention",
      where: { areWidths($0) && $0.count <= 64 }, "widths from 1 to 65,536, at most 64 of them")
    try f.field("activation", &activation, "what follows each layer before attention")
    try f.field(
      "tokens", &tokens, "tokens that the layer before attention is cut into; none: no attention",
      where: { $0.map { (1...65_536).contains($0) } ?? true }, "from 1 to 65,536")
    try f.field(
      "imageLayerScale", &imageLayerScale, "factor on the initial kernel of the layer next to the image",
      where: { $0 > 0 && $0 <= 1e6 }, "above 0, at most 1,000,000")
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
      "width", &width, "tokens that a query sees; none: all", where: { $0.map { (1...65_536).contains($0) } ?? true },
      "from 1 to 65,536")
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
    try field(key, &value, help, where: { (0...1e9).contains($0) }, "from 0 to 1,000,000,000")
  }
}

extension Recipe.Training {
  fileprivate mutating func visit(_ f: inout RecipeFields) throws {
    let isRate = { (x: Double) in x > 0 && x <= 10 }
    let isFraction = { (x: Double) in x >= 0 && x < 1 }
    let isWeight = { (x: Double) in (0...1e9).contains(x) }
    let weights = "from 0 to 1,000,000,000"
    try f.field(
      "batchSize", &batchSize, "samples per step over all ranks",
      where: { (1...1_048_576).contains($0) }, "from 1 to 1,048,576")
    try f.field("iterations", &iterations, "iterations in all", where: areIterations(from: 1), iterationRange(from: 1))
    try f.field(
      "discriminatorSteps", &discriminatorSteps, "discriminator steps per generator step",
      where: { (1...100).contains($0) }, "from 1 to 100")
    try f.field("loss", &loss, "what the networks play for")
    try f.field(
      "mismatchedLabelWeight", &mismatchedLabelWeight, "weight of real samples under a wrong condition",
      where: isWeight, weights)
    try f.field("r1Weight", &r1Weight, "γ of γ/2·E‖∇D(real)‖²", where: isWeight, weights)
    try f.field("r1Form", &r1Form, "exact second-order gradients, or a difference along random directions")
    try f.field(
      "r1Step", &r1Step, "σ of the finite-difference form", where: { $0 > 0 && $0 <= 1 }, "above 0, at most 1")
    try f.field("r2Weight", &r2Weight, "γ of γ/2·E‖∇D(fake)‖²", where: isWeight, weights)
    try f.field(
      "gradientPenaltyWeight", &gradientPenaltyWeight, "λ of λ·E(‖∇D(mix)‖ − 1)²", where: isWeight, weights)
    try f.field(
      "generatorLearningRate", &generatorLearningRate, "Adam's step size", where: isRate, "above 0, at most 10")
    try f.field(
      "discriminatorLearningRate", &discriminatorLearningRate, "Adam's step size", where: isRate, "above 0, at most 10")
    try f.field("learningRateDecay", &learningRateDecay, "how both learning rates go down")
    try f.field(
      "learningRateDecayStart", &learningRateDecayStart, "share of the decay's iterations after which they do",
      where: isFraction, "from 0 to below 1")
    try f.field(
      "learningRateEnd", &learningRateEnd, "factor on the learning rates at the end",
      where: { (0...1).contains($0) }, "from 0 to 1")
    try f.field(
      "learningRateIterations", &learningRateIterations,
      "the decay's iterations, behind which the rates stay; none: all, those of the start where a run goes on",
      where: { $0.map(areIterations(from: 1)) ?? true }, iterationRange(from: 1))
    try f.field("beta1", &beta1, "Adam's decay of the first moment", where: isFraction, "from 0 to below 1")
    try f.field("beta2", &beta2, "Adam's decay of the second moment", where: isFraction, "from 0 to below 1")
    try f.field("epsilon", &epsilon, "Adam's ε", where: { $0 > 0 && $0 <= 1 }, "above 0, at most 1")
    try f.field(
      "weightDecay", &weightDecay, "parameters shrink by learning rate × this a step",
      where: isWeight, weights)
    try f.field(
      "averageDecay", &averageDecay, "decay of the generator's moving average; none: no average",
      where: { $0.map(isFraction) ?? true }, "from 0 to below 1")
  }
}
