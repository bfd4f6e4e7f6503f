import Measures

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Trials from best to worst, with how sure that is.
public struct SweepTable {
  public struct Row {
    public let trial: SweepPlan.Trial
    public let iterations: Int
    public let values: [Double]
    public let mean: Double?
    /// Over seeds, with n − 1; nil for fewer than two.
    public let deviation: Double?
    /// Seconds times ranks, of all its seeds and rungs.
    public let cost: Double
    public let failures: [String]
    public internal(set) var standing = ""
  }

  public private(set) var rows: [Row] = []
  /// The protocol of all values.
  public let measurement: String

  /// - Throws: `MeasureError` where values were measured in different ways.
  public init(_ plan: SweepPlan, _ results: [SweepResult]) throws {
    let protocols = results.filter { $0.value != nil }.compactMap { MeasurementProtocol(text: $0.measurement) }
    for other in protocols.dropFirst() { try protocols[0].check(comparableWith: other) }
    measurement =
      protocols.first.map { first in
        MeasurementProtocol(first.fields.filter { $0.name != "seed" }).description
      } ?? ""
    let found = Dictionary(grouping: results, by: \.trial)
    let measure = plan.space.measure
    rows = plan.trials.compactMap { trial in found[trial.index].map { Self.row(trial, $0) } }
    rows.sort { a, b in
      if (a.mean == nil) != (b.mean == nil) { return a.mean != nil }
      if a.iterations != b.iterations { return a.iterations > b.iterations }
      guard let x = a.mean, let y = b.mean, x != y else { return a.trial.index < b.trial.index }
      return measure.isBetter(x, than: y)
    }
    for index in rows.indices { rows[index].standing = standing(of: rows[index], at: index) }
  }

  public var best: Row? { rows.first { $0.mean != nil } }

  private static func row(_ trial: SweepPlan.Trial, _ results: [SweepResult]) -> Row {
    let reached = results.filter { $0.value != nil }.map(\.iterations).max() ?? results.map(\.iterations).max() ?? 0
    let values = results.filter { $0.iterations == reached }.compactMap(\.value)
    let mean = values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    return Row(
      trial: trial, iterations: reached, values: values, mean: mean, deviation: deviation(values),
      cost: results.reduce(0) { $0 + $1.seconds * Double($1.ranks) },
      failures: results.compactMap { result in result.failure.map { "seed \(result.seed): \($0)" } })
  }

  static func deviation(_ values: [Double]) -> Double? {
    guard values.count > 1 else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    return sqrt(values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1))
  }

  /// Whether a row differs from the best by more than twice the standard error of the difference,
  ///
  ///     2 · √(s₁²/n₁ + s₂²/n₂)
  private func standing(of row: Row, at index: Int) -> String {
    guard let mean = row.mean, let best, let bestMean = best.mean else { return "failed" }
    let note = row.failures.isEmpty ? "" : "; \(row.failures.count) failed"
    if index == 0 { return "best" + note }
    if row.iterations < best.iterations { return "dropped" + note }
    guard let a = row.deviation, let b = best.deviation else { return "one seed: no spread" + note }
    let error = sqrt(a * a / Double(row.values.count) + b * b / Double(best.values.count))
    return (abs(mean - bestMean) <= 2 * error ? "within the spread" : "worse") + note
  }

  /// Trials that go on from a rung: the best of them, one of every η.
  ///
  /// A trial counts by its mean over the seeds that ended; one that failed with all does not go on.
  static func survivors(_ rows: [Row], eta: Int, measure: SweepMeasure) -> [Int] {
    let ranked = rows.filter { $0.mean != nil }.sorted { a, b in
      guard let x = a.mean, let y = b.mean, x != y else { return a.trial.index < b.trial.index }
      return measure.isBetter(x, than: y)
    }
    return ranked.prefix(max(1, (rows.count + eta - 1) / eta)).map(\.trial.index).sorted()
  }

  static func rows(of trials: [SweepPlan.Trial], _ results: [SweepResult]) -> [Row] {
    trials.map { trial in row(trial, results.filter { $0.trial == trial.index }) }
  }
}
