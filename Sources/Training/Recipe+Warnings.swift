import Layers
import Models

extension Recipe {
  /// What experience says against this recipe, one sentence each; a run with warnings still runs.
  public var warnings: [String] {
    var found: [String] = []
    if training.beta1 > 0.5 {
      found.append(
        "training.beta1 \(training.beta1): above 0.5 the networks chase each other and never meet; 0.5 works")
    }
    if model.kind == .denseAttention {
      let slowest = min(training.generatorLearningRate, training.discriminatorLearningRate)
      if slowest < 5e-4 {
        found.append(
          "a learning rate of \(slowest) is not wrong but 5–10 times too slow for networks this small: the pictures "
            + "stay noise for thousands of iterations; 0.002 works")
      }
      if training.averageDecay == nil {
        found.append(
          "training.averageDecay none: samples come from the live generator, whose quality wanders and whose images "
            + "are speckled; 0.999 works")
      }
      if hasBlurringAttention(model.generator) || hasBlurringAttention(model.discriminator) {
        found.append(
          "attention with a bounded score activation and no gate is nearly the mean of all tokens, a bottleneck; "
            + "attention.gate true mends it")
      }
      // Rows and series keep 0.94 and 1.0 of the spread within classes under the R1 of their recipes.
      let isKept = [.vectors, .sequences].contains(data.layout) && training.r1Weight > 0
      let areClasses = [.classes, .automatic].contains(model.conditionKind) && !isKept
      if areClasses, training.weightDecay == 0, training.generatorLearningRate >= 1e-3 {
        found.append(
          "training.weightDecay 0 at this learning rate: past some thousand iterations the samples of a class grow "
            + "alike while every other number looks well; 0.3 works")
      }
    }
    return found
  }

  /// Scores between 0 and 1 differ by a factor of e at most once normalised.
  private func hasBlurringAttention(_ tower: DenseTower) -> Bool {
    guard tower.tokens != nil, !tower.attention.usesGate else { return false }
    switch tower.attention.type {
    case .scaledDotProduct, .residualScaledDotProduct: return false
    case .additive, .multiplicative: break
    }
    switch tower.attention.activation {
    case .softmax, .sigmoid, .hardSigmoid, .tanh, .softsign: return true
    case .none, .linear, .relu, .exponential, .softplus, .elu: return false
    }
  }
}
