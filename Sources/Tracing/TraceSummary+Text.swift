extension TraceSummary {
  /// A small table for the terminal, without a line end behind the last row.
  public var text: String {
    let ranks = rankCount == 1 ? "1 rank" : "\(rankCount) ranks"
    var rows = [("training traced", Self.seconds(trainingSeconds), rankCount == 1 ? "" : "each of \(ranks)")]
    rows += phases.map { ($0.name, Self.percent($0.share), "") }
    if rankCount > 1 {
      rows += [
        (
          "exposed communication", Self.percent(exposedShare),
          "at most \(Self.percent(largestExposedShare)), on rank \(largestExposedRank)"
        ),
        ("  norm statistics", Self.percent(statisticsShare), ""),
        ("  waiting for gradients", Self.percent(gradientWaitShare), ""),
      ]
      if let hiddenTransferShare {
        rows.append(
          ("gradients under way", Self.seconds(transferSeconds), "\(Self.percent(hiddenTransferShare)) of it hidden"))
      }
      rows.append(slowestRow)
    }
    if evaluationSeconds > 0 { rows.append(("evaluation", Self.seconds(evaluationSeconds), "not in the shares above")) }
    if checkpointSeconds > 0 { rows.append(("checkpoints", Self.seconds(checkpointSeconds), "in the background")) }
    if droppedCount > 0 {
      rows.append(("events not kept", "\(droppedCount)", "the trace is full: trace fewer iterations"))
    }
    return Self.table(rows)
  }

  private var slowestRow: (String, String, String) {
    guard let straggler else { return ("slowest rank", "none", "all wait equally long") }
    let waits =
      "on \(straggler.node), waits \(Self.percent(straggler.waitShare)), "
      + "the others \(Self.percent(straggler.othersWaitShare))"
    return ("slowest rank", "\(straggler.rank)", waits)
  }

  /// Words to the left, numbers to the right, notes behind them.
  private static func table(_ rows: [(what: String, value: String, note: String)]) -> String {
    let words = rows.map(\.what.count).max() ?? 0
    let numbers = rows.map(\.value.count).max() ?? 0
    return rows.map { row in
      let gap = String(repeating: " ", count: words - row.what.count + 2 + numbers - row.value.count)
      return row.what + gap + row.value + (row.note.isEmpty ? "" : "  " + row.note)
    }.joined(separator: "\n")
  }

  private static func percent(_ share: Double) -> String { "\(decimal(100 * share, digits: 1)) %" }

  private static func seconds(_ seconds: Double) -> String {
    seconds < 1 ? "\(decimal(1_000 * seconds, digits: 1)) ms" : "\(decimal(seconds, digits: 2)) s"
  }

  private static func decimal(_ value: Double, digits: Int) -> String {
    let unit = digits == 1 ? 10 : 100
    let scaled = Int((value * Double(unit)).rounded())
    let fraction = String(scaled % unit)
    return "\(scaled / unit)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}
