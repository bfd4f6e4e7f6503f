import Datasets
import Files
import Measures
import Reporting

extension RunDirectory {
  public var report: String { path + "/report.html" }

  /// What a report shows of the run.
  ///
  /// - Throws: where this is no run.
  public func reportedRun() throws(FileError) -> RunReport.Run {
    reportedRun(try RunHistory(place(metrics)))
  }

  private func reportedRun(_ history: RunHistory) -> RunReport.Run {
    var run = RunReport.Run(
      directory: path, recipe: place(recipe), history: history, samples: place(samples), pictures: place(pictures),
      starts: place(starts))
    let kind = run.kind.flatMap(SampleLayout.Kind.init(rawValue:)) ?? .images
    run.worded = { kind.worded($0) }
    return run
  }

  /// Writes `report.html`.
  ///
  /// - Parameter history: what has been read of the metrics.
  func writeReport(of history: RunHistory) throws(FileError) {
    try RunReport.write(RunReport.page(reportedRun(history)), to: place(report))
  }

  /// What TensorBoard reads.
  var events: String { path + "/events.out.tfevents.lockstep" }
}

extension RunReport.Run {
  /// How its evaluations measured; nil where they did not.
  public var measurementProtocol: MeasurementProtocol? {
    history.last("reference")?.texts["protocol"].flatMap(MeasurementProtocol.init(text:))
  }
}
