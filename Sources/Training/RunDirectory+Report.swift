import Files
import Measures
import Reporting

extension RunDirectory {
  public var report: String { path + "/report.html" }

  /// What a report shows of the run.
  ///
  /// - Throws: where this is no run.
  public func reportedRun() throws(FileError) -> RunReport.Run {
    try RunReport.Run(directory: path, recipe: recipe, metrics: metrics, samples: samples)
  }

  /// Writes `report.html`.
  func writeReport(of history: RunHistory) throws(FileError) {
    let run = RunReport.Run(directory: path, recipe: recipe, history: history, samples: samples)
    try RunReport.write(RunReport.page(run), to: report)
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
