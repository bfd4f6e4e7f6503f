#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a detector's finding leads to.
public enum HealthAction: String, Sendable, CaseIterable, RecipeValue {
  case off
  /// One line, and on.
  case warn
  /// Leave both network and optimiser as they were before the step.
  case skip
  /// Back to the last healthy checkpoint, with a lower learning rate.
  case rollBack
  case stop
}

/// The same for findings of evaluations, which update nothing that could be left out.
public enum EvaluationAction: String, Sendable, CaseIterable, RecipeValue {
  case off, warn, rollBack, stop

  var action: HealthAction {
    switch self {
    case .off: .off
    case .warn: .warn
    case .rollBack: .rollBack
    case .stop: .stop
    }
  }
}

/// The network that a phase updates.
public enum TrainedNetwork: String, Sendable, CaseIterable { case discriminator, generator }

/// Something that a detector found, and what the recipe wants done about it.
public struct HealthIncident: Sendable, Equatable {
  public enum Detector: String, Sendable, CaseIterable { case nonFinite, gradientNorm, saturation, collapse }
  public var detector: Detector
  public var action: HealthAction
  /// In words, with the numbers.
  public var reason: String
}

/// Watches the numbers of a run: all of them sums over the ranks, so that every rank finds the same at the same phase.
///
/// Its state is part of a checkpoint: a resumed run finds what the undisturbed one would have found.
public struct HealthMonitor: Sendable {
  /// Mean and variance of a series whose older values fade.
  ///
  ///     mean ← mean + α·(x − mean),  variance ← (1 − α)·(variance + α·(x − mean)²),  α = max(1 / n, 2 / (window + 1))
  struct Series: Sendable, Equatable {
    var count = 0.0
    var mean = 0.0
    var variance = 0.0

    mutating func add(_ x: Double, window: Double) {
      count += 1
      let alpha = max(1 / count, 2 / (window + 1))
      let difference = x - mean
      mean += alpha * difference
      variance = (1 - alpha) * (variance + alpha * difference * difference)
    }
  }

  /// Everything that must outlive the process.
  struct State: Sendable, Equatable {
    /// Logarithms of the gradients' norms.
    var discriminatorNorm = Series()
    var generatorNorm = Series()
    /// Shares of images that the discriminator judges right.
    var realAccuracy = Series()
    var fakeAccuracy = Series()
    /// What rolling back has made of the learning rates.
    var learningRateFactor = 1.0
    var rollBacks = 0.0
    /// Updates in a row that were left out for numbers that are not finite.
    var skipsInRow = 0.0
    /// 1 while a saturation that has been reported lasts.
    var isSaturated = 0.0
    /// The same for each network's unusual gradients, and for collapse.
    var discriminatorOutlier = 0.0
    var generatorOutlier = 0.0
    var isCollapsed = 0.0
  }

  var state = State()
  let settings: Recipe.Health

  /// A window's smallest standard deviation of log-norms: below it, a steady run would take a breath for an outlier.
  static let leastDeviation = 0.1
  /// After so many left-out updates in a row the run is broken, whatever the recipe says.
  static let mostSkipsInRow = 100.0

  public init(_ settings: Recipe.Health) { self.settings = settings }

  public var learningRateFactor: Double { state.learningRateFactor }

  /// Whether a checkpoint of now is one to roll back to.
  public var isHealthy: Bool {
    state.skipsInRow == 0 && state.isSaturated == 0 && state.isCollapsed == 0 && state.discriminatorOutlier == 0
      && state.generatorOutlier == 0
  }

  /// Whether a step may use numbers that are not finite.
  var letsNonFinitePass: Bool { settings.nonFinite == .warn || settings.nonFinite == .off }

  /// The longest gradient that the next step of a network may use; below 0 for none.
  func normLimit(of network: TrainedNetwork) -> Float {
    if network == .discriminator, settings.saturation == .skip, state.isSaturated == 1 { return -1 }
    switch settings.gradientNorm {
    case .off, .warn: return .infinity
    case .skip, .rollBack, .stop: return Float(exp(logNormLimit(of: network)))
    }
  }

  /// mean + z · deviation of the log-norms, once the window is half full.
  func logNormLimit(of network: TrainedNetwork) -> Double {
    let series = network == .discriminator ? state.discriminatorNorm : state.generatorNorm
    guard series.count >= Double(settings.window) / 2 else { return .infinity }
    return series.mean + settings.gradientNormDeviations * max(Self.leastDeviation, series.variance.squareRoot())
  }
}
