import ArgumentParser
import Communication
import Files
import Measures
import Reporting
import Training

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Shows a run in a web page, or several side by side.",
    discussion: """
      One run: writes RUN/report.html again, as each evaluation does. Several: a table here, and a page with the curves \
      and samples of all. Measures are only compared where they were taken in the same way.

        lockstep report runs/a
        lockstep report runs/a runs/b --output comparison.html
      """)

  @Argument(help: ArgumentHelp("Run directories.", valueName: "RUN"))
  var runs: [String]

  @Option(
    help: ArgumentHelp(
      "Where the page goes (default: RUN/report.html; of several runs comparison.html here).", valueName: "FILE.html"),
    transform: Arguments.outputPath)
  var output: String?

  func run() throws {
    Session.run(multiplies: false, stallTimeoutSeconds: Watchdog.usualSeconds) { communicator, _ in
      try communicator.together {
        guard communicator.rank == 0 else { return }
        let directories = runs.map(RunDirectory.init)
        var shown = try directories.map { directory throws in
          guard Directories.exists(directory.metrics) else {
            throw Failure(
              "\(directory.path): no run: it has no metrics.jsonl; name the directory of --output", code: .noInput)
          }
          let run = try directory.reportedRun()
          guard !run.history.isEmpty || run.history.skipped == 0 else {
            throw Failure("\(directory.metrics): no metrics of a run: no line can be read", code: .noInput)
          }
          return run
        }
        // Runs of one name are told apart by their paths.
        for index in shown.indices where shown.count(where: { $0.name == shown[index].name }) > 1 {
          shown[index].name = runs[index]
        }
        let page: String
        if shown.count == 1 {
          page = RunReport.page(shown[0])
        } else {
          let refusal = Self.refusal(shown)
          page = RunReport.page(comparing: shown, refusal: refusal)
          Self.print(shown, refusal)
        }
        let path = output ?? (shown.count == 1 ? directories[0].report : "comparison.html")
        do { try RunReport.write(page, to: path) } catch { throw Failure("\(error)", code: .cannotCreate) }
        lockstep.print(path)
      }
    }
  }

  /// Why their measures cannot be compared; nil where they can.
  private static func refusal(_ runs: [RunReport.Run]) -> String? {
    guard let first = runs[0].measurementProtocol else { return nil }
    for run in runs.dropFirst() {
      do { try run.measurementProtocol.map { try first.check(comparableWith: $0) } } catch {
        return "Measures of \(runs[0].name) and \(run.name) are not compared: \(error)."
      }
    }
    return nil
  }

  private static func print(_ runs: [RunReport.Run], _ refusal: String?) {
    let rows = [[""] + runs.map(\.name)] + RunReport.rows(comparing: runs, withMeasures: refusal == nil)
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    for row in rows {
      lockstep.print(zip(row, widths).map { padded($0, $1) }.joined(separator: "  "))
    }
    if let refusal { lockstep.print(refusal) }
  }
}
