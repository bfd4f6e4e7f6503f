extension ForecastReport {
  /// Tables for people, up to 110 columns wide.
  public var text: String {
    let sections = [heading, memory, work, prediction, scalingTable, remarks, commands]
    return sections.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
  }

  private var heading: [String] {
    let rank = "\(Self.plural(layout.ranks, "rank")) with up to \(Self.plural(needs.localBatch, "image")) each"
    return [
      "\(forecast.workload.recipe), batch \(forecast.workload.globalBatch), on \(Self.plural(layout.nodes, "node")) × "
        + "\(Self.plural(layout.ranksPerNode, "rank")) × \(Self.plural(layout.threads, "thread")): \(rank)"
    ]
  }

  private var memory: [String] {
    ["Memory of a rank, beside the program and MPI"]
      + needs.memory.map { line($0.name, [Quantity.bytes(Double($0.bytes))]) }
      + [line("in all", [Quantity.bytes(Double(needs.memoryBytes))])]
  }

  private var work: [String] {
    let phases = forecast.workload.phases
    let traffic = forecast.workload.traffic(layout: layout)
    let sums = phases.map { phase in phase.blockingSums.isEmpty ? "none" : "\(phase.blockingSums.count)" }
    let bytes = phases.map { $0.blockingSums.reduce(0) { $0 + $1.bytes } }
    return [
      line("Each step of a rank", phases.map(\.name), indent: 0),
      line("steps an iteration", phases.map { "\($0.repetitions)" }),
      line("floating-point operations", needs.work.map { Quantity.count(Double($0.operations)) }),
      line("bytes moved", needs.work.map { Quantity.bytes(Double($0.bytesMoved)) }),
      line("gradients summed over ranks", phases.map { Quantity.bytes(Double($0.gradientBytes)) }),
      line("sums of norm statistics\(extent)", sums),
      line("  their bytes", bytes.map { Quantity.bytes(Double($0)) }),
      "  sent to other nodes by a rank, at most: \(traffic.messages) messages, \(Quantity.bytes(traffic.bytes)) an iteration",
    ]
  }

  private var extent: String {
    let extents = Set(forecast.workload.phases.flatMap(\.blockingSums).map(\.extent))
    if extents.isEmpty { return "" }
    return extents.contains(.all) ? ", over all ranks" : ", within nodes"
  }

  private var prediction: [String] {
    let row = { (name: String, part: (Forecast.Phase) -> Double) in
      let times = iteration.phases.map(part)
      let all = times.reduce(0, +)
      let share = Quantity.fixed(100 * all / iteration.seconds, decimals: 1) + " %"
      return line(name, times.map(Quantity.time) + [Quantity.time(all), share])
    }
    return [
      line("Predicted iteration", iteration.phases.map(\.name) + ["together", "share"], indent: 0),
      row("computing") { $0.work },
      row("update of parameters") { $0.update },
      row("norm statistics, waited for") { $0.statistics },
      row("gradients, waited for") { $0.exposed },
      row("in all") { $0.seconds },
      row("gradients, while computing") { $0.hidden },
    ]
  }

  private var scalingTable: [String] {
    let single = Layout(nodes: 1, ranksPerNode: layout.ranksPerNode, threads: layout.threads)
    let kept = single.localBatch(ofGlobal: forecast.workload.globalBatch) ?? 1
    let columns = { (column: Scaling.Column?) -> [String] in
      guard let column else { return ["", "", ""] }
      return [
        Quantity.time(column.seconds), Quantity.digits(column.imagesPerSecond),
        Quantity.fixed(100 * column.efficiency, decimals: 0) + " %",
      ]
    }
    let head = [
      "              " + left("the batch of \(forecast.workload.globalBatch) split over all ranks", 46)
        + "   " + Self.plural(kept, "image") + " on every rank, always",
      right("nodes", 5) + right("ranks", 8) + right("images each", 13) + right("iteration", 11) + right("images/s", 12)
        + right("efficiency", 12) + right("batch", 12) + right("iteration", 11) + right("images/s", 12)
        + right("efficiency", 12),
    ]
    return head
      + scaling.rows.map { row in
        let strong = columns(row.strong)
        let weak = columns(row.weak)
        let split =
          row.localBatch.map {
            right("\($0)", 13) + right(strong[0], 11) + right(strong[1], 12) + right(strong[2], 12)
          } ?? right("more ranks than images", 48)
        return right("\(row.layout.nodes)", 5) + right("\(row.layout.ranks)", 8) + split
          + right("\(forecast.workload.globalBatch * row.layout.nodes)", 12) + right(weak[0], 11) + right(weak[1], 12)
          + right(weak[2], 12) + (row.isExtrapolated ? "  extrapolated" : "")
      }
  }

  private var remarks: [String] {
    let advice = forecast.advice(for: layout)
    return notes + (advice.isEmpty ? [] : ["", "Advice"] + advice.map { "  " + $0 })
  }

  private var commands: [String] {
    let hosts = LaunchLines.hostfile(layout).map { ["  nodes.txt names the nodes, one a line: \($0)"] } ?? []
    return ["To run it"] + hosts + ["  \(launch.script)", "  \(launch.mpirun)", "  \(launch.slurm)"]
  }

  private func line(_ name: String, _ cells: [String], indent: Int = 2) -> String {
    left(String(repeating: " ", count: indent) + name, 42) + cells.map { right($0, 15) }.joined()
  }
}

private func left(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

private func right(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}
