import Evaluation
import Reporting

extension DiscriminatorScores {
  /// The keys that `metrics.jsonl` and `lockstep evaluate --json` share.
  public func write(to line: LineBuffer) {
    line.field("trainLoss", training.loss)
    line.field("trainAccuracy", training.accuracy)
    line.field("testLoss", test.loss)
    line.field("testAccuracy", test.accuracy)
    line.field("fakeLoss", fake.loss)
    line.field("fakeAccuracy", fake.accuracy)
    for observed in observations { line.field(named: observed.name, observed.mean) }
  }
}

extension ClassScores {
  /// The keys in `metrics.jsonl`.
  public func write(to line: LineBuffer) {
    line.field("classAccuracy", accuracy)
    line.field("worstClassAccuracy", worstAccuracy)
    line.field("classSpread", spread)
  }
}

extension QuantityScores {
  /// The keys in `metrics.jsonl`.
  public func write(to line: LineBuffer) {
    for (name, value) in named { line.field(named: name, value) }
  }

  public var named: [(name: String, value: Double)] {
    [("quantitiesExplained", explained), ("worstQuantityExplained", worstExplained)]
  }
}

extension SampleScores {
  /// All keys and values, as `metrics.jsonl` has them.
  public func write(to line: LineBuffer) {
    classes?.write(to: line)
    quantities?.write(to: line)
    quality?.write(to: line)
  }
}

extension QualityScores {
  /// The keys that `metrics.jsonl` and `lockstep evaluate --json` share.
  public func write(to line: LineBuffer) {
    for (name, value) in named { line.field(named: name, value) }
  }

  /// Keys and values, those that could be taken.
  public var named: [(name: String, value: Double)] {
    let values: [(String, Double?)] = [
      ("frechetDistance", frechet), ("intraClassFrechetDistance", intraClassFrechet), ("kernelDistance", kernel.value),
      ("kernelDistanceError", kernel.standardError), ("precision", placement.precision), ("recall", placement.recall),
      ("density", placement.density), ("coverage", placement.coverage),
      ("nearestTrainingRatio", memorisation.medianRatio), ("copiedShare", memorisation.copiedShare),
      ("roughness", roughness), ("worstColumnDistance", columns?.worstKolmogorovSmirnov),
      ("meanColumnDistance", columns?.meanKolmogorovSmirnov), ("slicedWasserstein", columns?.slicedWasserstein),
      ("correlationDistance", columns?.correlationDistance),
    ]
    return values.compactMap { name, value in value.map { (name, $0) } }
  }
}
