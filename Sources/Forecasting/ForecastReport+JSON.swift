import Reporting

extension ForecastReport {
  /// One line; the keys are part of the interface. Times in seconds.
  public var json: String {
    let line = LineBuffer(capacity: 65_536)
    line.beginObject()
    line.field("recipe", text: forecast.workload.recipe)
    line.field("nodes", layout.nodes)
    line.field("ranksPerNode", layout.ranksPerNode)
    line.field("threads", layout.threads)
    line.field("globalBatch", forecast.workload.globalBatch)
    line.field("localBatch", needs.localBatch)
    line.field("memoryBytes", needs.memoryBytes)
    line.beginArray("memory")
    for memory in needs.memory {
      line.beginElement()
      line.field("name", text: memory.name)
      line.field("bytes", memory.bytes)
      line.endObject()
    }
    line.endArray()
    let traffic = forecast.workload.traffic(layout: layout)
    line.field("messagesSent", traffic.messages)
    line.field("bytesSent", traffic.bytes)
    line.field("seconds", iteration.seconds)
    line.field("imagesPerSecond", iteration.imagesPerSecond)
    line.field("statisticsShare", iteration.statisticsShare)
    line.field("exposedShare", iteration.exposedShare)
    line.beginArray("phases")
    for (index, phase) in iteration.phases.enumerated() { encode(phase, index, to: line) }
    line.endArray()
    line.beginArray("scaling")
    for row in scaling.rows { encode(row, to: line) }
    line.endArray()
    line.field("latencySeconds", forecast.machine.network.latencySeconds)
    line.field("networkBytesPerSecond", forecast.machine.network.bytesPerSecond)
    line.field("networkOrigin", text: forecast.machine.network.origin.rawValue)
    line.field("fitError", forecast.machine.fitError)
    for (key, texts) in [("notes", notes), ("advice", forecast.advice(for: layout))] {
      line.beginArray(key == "notes" ? "notes" : "advice")
      for text in texts {
        line.beginElement()
        line.field("text", text: text)
        line.endObject()
      }
      line.endArray()
    }
    line.field("run", text: launch.script)
    line.field("mpirun", text: launch.mpirun)
    line.field("sbatch", text: launch.slurm)
    line.endObject()
    return String(decoding: line.contents, as: UTF8.self)
  }

  private func encode(_ phase: Forecast.Phase, _ index: Int, to line: LineBuffer) {
    let counted = forecast.workload.phases[index]
    line.beginElement()
    line.field("name", text: phase.name)
    line.field("repetitions", counted.repetitions)
    line.field("operations", needs.work[index].operations)
    line.field("bytesMoved", needs.work[index].bytesMoved)
    line.field("gradientBytes", counted.gradientBytes)
    line.field("statisticsSums", counted.blockingSums.count)
    line.field("statisticsBytes", counted.blockingSums.reduce(0) { $0 + $1.bytes })
    line.field("workSeconds", phase.work)
    line.field("updateSeconds", phase.update)
    line.field("statisticsSeconds", phase.statistics)
    line.field("exposedSeconds", phase.exposed)
    line.field("hiddenSeconds", phase.hidden)
    line.endObject()
  }

  private func encode(_ row: Scaling.Row, to line: LineBuffer) {
    line.beginElement()
    line.field("nodes", row.layout.nodes)
    line.field("ranks", row.layout.ranks)
    line.field("isExtrapolated", row.isExtrapolated)
    line.field("localBatch", row.localBatch ?? 0)
    if let strong = row.strong {
      line.field("strongSeconds", strong.seconds)
      line.field("strongImagesPerSecond", strong.imagesPerSecond)
      line.field("strongEfficiency", strong.efficiency)
    }
    if let weak = row.weak {
      line.field("weakSeconds", weak.seconds)
      line.field("weakImagesPerSecond", weak.imagesPerSecond)
      line.field("weakEfficiency", weak.efficiency)
    }
    line.endObject()
  }
}
