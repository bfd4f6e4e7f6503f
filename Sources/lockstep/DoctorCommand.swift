import ArgumentParser
import Clocks
import Communication
import Diagnostics
import Kernels
import Reporting
import Training

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Looks at CPUs, MPI, network, memory and disks, and says what would slow or stop a run.",
    discussion: """
      Alone it looks at this machine; started on several ranks, as a run would be, at all of their nodes. Takes a few \
      seconds and writes only a file that it removes. Exit code 1 if there is a problem; warnings are no problem.

        cluster/run.sh -n 2 -- doctor
        cluster/run.sh -n 8 --hostfile nodes.txt -- doctor --output runs/a
      """)

  @Option(help: ArgumentHelp("Where runs would write.", valueName: "DIR"), transform: Arguments.outputPath)
  var output = "."

  @OptionGroup var threads: ThreadOptions

  @Flag(help: "One line of JSON in place of the text.")
  var json = false

  func run() throws {
    Session.runToCode(stallTimeoutSeconds: Watchdog.usualSeconds, allowsOtherPrograms: true) { communicator, _ in
      let cpus = ThreadPlacement.allowedCPUs
      let crew = try Crew(threads, communicator)
      let now = SystemClock.calendar.seconds
      let limit = TimeLimit(seconds: nil, stateBytes: 0, now: now).map {
        TimeLeft(seconds: $0.end - now, origin: $0.origin)
      }
      let examination = try Examination(on: communicator, team: crew.team, cpus: cpus, output: output, timeLeft: limit)
      if communicator.rank == 0 { print(json ? examination.json : examination.text) }
      return examination.hasProblem ? .general : nil
    }
  }
}

extension Examination {
  /// Findings by place, one a line, remedies below.
  var text: String {
    var places: [[String]] = []
    for finding in findings where !places.contains(finding.nodes) { places.append(finding.nodes) }
    // The whole run, then all nodes, then the odd ones.
    places.sort { ($0.isEmpty ? Int.max : $0.count) > ($1.isEmpty ? Int.max : $1.count) }
    var lines: [String] = []
    for place in places {
      lines.append(place.isEmpty ? "The run" : Finding.folded(place))
      for finding in findings where finding.nodes == place {
        lines.append("  \(padded(finding.level.rawValue, 7))  \(padded(finding.subject, 13))  \(finding.text)")
        if let remedy = finding.remedy { lines.append(String(repeating: " ", count: 11) + "→ \(remedy)") }
      }
    }
    return lines.joined(separator: "\n") + "\n" + summary
  }

  private var summary: String {
    func count(_ level: Finding.Level) -> Int { findings.count { $0.level == level } }
    func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
    let (problems, warnings) = (count(.problem), count(.warning))
    if problems + warnings == 0 { return "All is well." }
    return "\(counted(problems, "problem")), \(counted(warnings, "warning"))."
  }

  /// One line; the keys are part of the interface.
  var json: String {
    let texts = findings.reduce(0) { sum, finding in
      sum + 6 * (finding.text.utf8.count + (finding.remedy?.utf8.count ?? 0))
        + finding.nodes.reduce(0) { $0 + 6 * $1.utf8.count + 1 }
    }
    let names = nodeNames.joined(separator: ",")
    let line = LineBuffer(capacity: 4096 + 256 * findings.count + texts + 6 * names.utf8.count)
    line.beginObject()
    line.field("hasProblem", hasProblem)
    line.field("ranks", rankCount)
    line.field("nodes", text: names)
    line.beginArray("findings")
    for finding in findings {
      line.beginElement()
      line.field("level", text: finding.level.rawValue)
      line.field("subject", text: finding.subject)
      // Of a finding about the whole run: empty.
      line.field("nodes", text: finding.nodes.joined(separator: ","))
      line.field("text", text: finding.text)
      if let remedy = finding.remedy { line.field("remedy", text: remedy) }
      line.endObject()
    }
    line.endArray()
    line.endObject()
    return String(decoding: line.contents, as: UTF8.self)
  }
}
