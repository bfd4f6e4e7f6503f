import Files
import Reporting

extension SweepTable {
  private static let header = [
    "trial", "settings", "iterations", "seeds", "mean", "deviation", "standing", "seconds x ranks", "failures",
  ]

  private func cells(_ row: Row) -> [String] {
    [
      "\(row.trial.index)", row.trial.words, "\(row.iterations)", "\(row.values.count)", Self.short(row.mean),
      Self.short(row.deviation), row.standing, Self.short(row.cost), row.failures.joined(separator: " | "),
    ]
  }

  /// For a person, aligned.
  public func text(_ plan: SweepPlan) -> String {
    let lines = [Array(Self.header.dropLast())] + rows.map { Array(cells($0).dropLast()) }
    let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    let body = lines.map { line in
      zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
    }
    let failed = rows.flatMap { row in row.failures.map { "trial \(row.trial.index) failed, \($0)" } }
    let way = plan.space.measure.isHigherBetter ? "higher" : "lower"
    return
      (body + failed + ["\(plan.space.measure) (\(way) is better), measured with \(measurement)"])
      .joined(separator: "\n")
  }

  /// As RFC 4180 has it.
  var csv: String {
    let lines = [Self.header + ["protocol"]] + rows.map { cells($0) + [measurement] }
    return lines.map { $0.map(Self.quoted).joined(separator: ",") }.joined(separator: "\n") + "\n"
  }

  func html(_ plan: SweepPlan, _ results: [SweepResult]) -> String {
    let way = plan.space.measure.isHigherBetter ? "higher" : "lower"
    let curves = rows.prefix(8).map { row in
      let own = Dictionary(grouping: results.filter { $0.trial == row.trial.index }, by: \.iterations)
      let points = own.keys.sorted().compactMap { iterations -> (x: Double, y: Double)? in
        let values = (own[iterations] ?? []).compactMap(\.value)
        return values.isEmpty ? nil : (Double(iterations), values.reduce(0, +) / Double(values.count))
      }
      return (name: "\(row.trial.index)", points: points)
    }
    return SweepPage(
      title: "Sweep by \(plan.space.measure) (\(way) is better)", header: Self.header, rows: rows.map(cells),
      note: "Measured with \(measurement). \"Within the spread\": the difference from the best is less than twice its "
        + "standard error over the seeds.",
      curves: plan.rungs.count > 1 ? curves : [], space: plan.space.text
    ).html
  }

  /// `trials.jsonl`, `sweep.csv`, `sweep.html` and `best.yaml`.
  public func write(_ plan: SweepPlan, _ results: [SweepResult], to directory: SweepDirectory) throws {
    try directory.write(results.map { $0.line + "\n" }.joined(), to: directory.path + "/trials.jsonl")
    try directory.write(csv, to: directory.path + "/sweep.csv")
    try directory.write(html(plan, results), to: directory.path + "/sweep.html")
    guard let best else { return }
    let job = SweepPlan.Job(trial: best.trial, seed: plan.space.seeds[0])
    try RecipeFile.write(job.recipe(iterations: best.iterations), to: directory.path + "/best.yaml")
  }

  private static func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }

  private static func short(_ value: Double?) -> String {
    guard let value else { return "" }
    let line = LineBuffer(capacity: 64)
    line.append(value, significantDigits: 4)
    return String(decoding: line.contents, as: UTF8.self)
  }
}
