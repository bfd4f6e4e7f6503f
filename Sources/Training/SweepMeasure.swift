/// What trials are compared by.
public enum SweepMeasure: String, Sendable, CaseIterable {
  case frechet, intraClassFrechet, kernel, precision, recall, coverage, recognised, worstRecognised, classAccuracyScore

  /// The key of evaluations in `metrics.jsonl`.
  var key: String {
    switch self {
    case .frechet: "frechetDistance"
    case .intraClassFrechet: "intraClassFrechetDistance"
    case .kernel: "kernelDistance"
    case .precision: "precision"
    case .recall: "recall"
    case .coverage: "coverage"
    case .recognised: "classAccuracy"
    case .worstRecognised: "worstClassAccuracy"
    case .classAccuracyScore: "classificationAccuracyScore"
    }
  }

  public var isHigherBetter: Bool {
    switch self {
    case .frechet, .intraClassFrechet, .kernel: false
    case .precision, .recall, .coverage, .recognised, .worstRecognised, .classAccuracyScore: true
    }
  }

  func isBetter(_ a: Double, than b: Double) -> Bool { isHigherBetter ? a > b : a < b }
}
