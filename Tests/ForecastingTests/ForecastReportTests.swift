import Files
import Testing

@testable import Forecasting
@testable import Reporting

@Suite struct ForecastReportTests {
  private func report(_ layout: Layout, slowdown: Double = 1) -> ForecastReport {
    ForecastReport(
      Forecast(workload: Fixtures.workload(), machine: Fixtures.machine(), slowdown: slowdown), layout: layout,
      needs: Fixtures.needs,
      arguments: ["train", "--recipe", "small", "--data", "folder:my data", "--output", "runs/a"])
  }

  @Test("columns of the table of nodes end at the same places")
  func aligned() throws {
    let lines = report(Layout(nodes: 2, ranksPerNode: 2)).text.split(separator: "\n").map(String.init)
    let head = try #require(lines.firstIndex { $0.hasPrefix("nodes") })
    let rows = lines[(head + 1)...].prefix(11)
    #expect(rows.count == 11 && rows.last?.contains("1024") == true)
    for row in rows { #expect(row.replacing("  extrapolated", with: "").count == lines[head].count, "\(row)") }
    #expect(rows.contains { $0.contains("more ranks than images") })
    #expect(!rows.first!.contains("extrapolated") && rows.last!.contains("extrapolated"))
  }

  @Test("the commands start as many ranks as were asked for, quoted for a shell")
  func commands() {
    let lines = report(Layout(nodes: 2, ranksPerNode: 2)).launch
    #expect(
      lines.script
        == "cluster/run.sh -n 4 --hostfile nodes.txt -- train --recipe small --data 'folder:my data' --output runs/a")
    #expect(lines.mpirun.hasPrefix("mpirun -n 4 --hostfile nodes.txt --map-by slot:PE=1 "))
    #expect(
      lines.slurm.hasPrefix("sbatch --nodes 2 --ntasks-per-node 2 --cpus-per-task 1 cluster/slurm.sbatch train "))
    let threaded = LaunchLines(layout: Layout(nodes: 1, ranksPerNode: 2, threads: 3), arguments: ["train"])
    #expect(threaded.script == "cluster/run.sh -n 2 --threads 3 -- train")
    #expect(threaded.mpirun.contains("slot:PE=3 ") && threaded.mpirun.hasSuffix("lockstep train --threads 3"))
    #expect(LaunchLines.quoted("it's") == "'it'\\''s'")
    #expect(LaunchLines.quoted("") == "''")
  }

  @Test("notes say what was assumed, and what is not modelled")
  func notes() {
    let many = report(Layout(nodes: 1, ranksPerNode: 4)).notes.joined(separator: "\n")
    #expect(many.contains("do not slow each other") && many.contains("as given, not measured"))
    #expect(many.contains("Not modelled: ranks that are slower"))
    #expect(
      report(Layout(nodes: 1, ranksPerNode: 4), slowdown: 1.2).notes.contains { $0.contains("1.20 times slower") })
    #expect(!report(Layout(nodes: 1, ranksPerNode: 2)).notes.contains { $0.contains("slow each other") })
  }

  @Test("the JSON holds the same numbers")
  func json() throws {
    let report = report(Layout(nodes: 2, ranksPerNode: 2))
    guard
      case .object(let members) = try JSONReader.read(
        Array(report.json.replacing("true", with: "1").replacing("false", with: "0").utf8))
    else { return #expect(Bool(false), "no object") }
    guard case .number(let seconds)? = members["seconds"], case .array(let rows)? = members["scaling"] else {
      return #expect(Bool(false), "no seconds, or no rows")
    }
    #expect(abs(seconds / report.iteration.seconds - 1) < 1e-6 && rows.count == 11)
    #expect(members["memoryBytes"] == .number(2_000_000))
  }
}
