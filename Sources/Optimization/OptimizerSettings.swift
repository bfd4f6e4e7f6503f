/// How a network's parameters follow their gradients.
public struct OptimizerSettings: Hashable, Sendable {
  public var learningRate: Double
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  /// Decoupled: parameters shrink by learningRate · weightDecay a step.
  public var weightDecay: Double
  /// Decay of the parameters' moving average once warmed up; nil keeps none.
  public var averageDecay: Double?
  /// Power iterations per update, where weights are spectrally normalised.
  public var powerIterations: Int

  public init(
    learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double = 0,
    averageDecay: Double? = nil, powerIterations: Int = 1
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.averageDecay = averageDecay
    self.powerIterations = powerIterations
  }

  /// The average's decay at its t-th update, from t = 0: min(d, (1 + t) / (10 + t)), so that the start is forgotten soon.
  public func averageDecay(atUpdate t: Int) -> Double {
    min(averageDecay ?? 0, (1 + Double(t)) / (10 + Double(t)))
  }
}
