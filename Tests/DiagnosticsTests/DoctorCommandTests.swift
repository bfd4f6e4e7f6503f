import Foundation
import Testing

/// The program as a user starts it.
@Suite(.serialized) struct DoctorCommandTests {
  @Test("alone it looks at this machine and says how to look at several")
  func alone() throws {
    let run = try Run([])
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.output.contains("CPU") && run.output.contains("GFLOP/s a rank"))
    #expect(run.output.contains("cluster/run.sh -n 2 -- doctor"))
    #expect(!run.output.contains("problem  "))
  }

  @Test("a team that stays on its cores is not taken for one that was bound there")
  func threads() throws {
    let run = try Run(["--threads", "2"])
    let isRoomy = ProcessInfo.processInfo.processorCount > 1
    #expect(run.output.contains(isRoomy ? "1 rank × 2 threads on" : "2 threads of 1 rank take turns on 1 core"))
  }

  @Test("two ranks measure their sums, once, within ten seconds", .underMPI)
  func ranks() throws {
    let start = Date()
    let run = try Run(["--json"], ranks: 2)
    #expect(Date().timeIntervalSince(start) < 10)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let object = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect(object["ranks"] as? Int == 2 && object["hasProblem"] as? Bool == false)
    let findings = try #require(object["findings"] as? [[String: String]])
    let subjects = Set(findings.compactMap { $0["subject"] })
    #expect(subjects.isSuperset(of: ["CPU", "products", "placement", "MPI", "launch", "sums", "gradients", "output"]))
    #expect(findings.allSatisfy { ($0["level"] == "ok") == ($0["remedy"] == nil) })
  }

  @Test("ranks bound to one core are found", .underMPI)
  func sameCore() throws {
    let run = try Run([], ranks: 2, under: ["taskset", "-c", "0"], options: ["--bind-to", "none"])
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let cpus = ProcessInfo.processInfo.processorCount
    #expect(run.output.contains(cpus > 1 ? "ranks 0, 1 are bound to the same CPU 0" : "take turns on 1 core"))
  }

  @Test("an output directory that cannot be written is a problem on all ranks, and exit code 1", arguments: [nil, 2])
  func unwritable(ranks: Int?) throws {
    guard ranks == nil || Run.mpirun != nil else { return }
    let run = try Run(["--output", "/proc/self"], ranks: ranks)
    #expect(run.status == 1)
    #expect(run.output.contains("  problem  output"))
    #expect(run.output.contains("1 problem,"))
  }
}

extension Trait where Self == ConditionTrait {
  fileprivate static var underMPI: Self { .enabled(if: Run.mpirun != nil, "mpirun is not installed") }
}

/// One start of `lockstep doctor`, and what it said.
private struct Run {
  let status: Int32
  let output: String
  let errors: String

  static func executable(_ name: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  static var mpirun: String? { executable("mpirun") }

  /// - Parameters:
  ///   - ranks: nil starts the program without mpirun.
  ///   - prefix: what mpirun itself is started by.
  init(_ arguments: [String], ranks: Int? = nil, under prefix: [String] = [], options: [String] = []) throws {
    let scratch = FileManager.default.temporaryDirectory.path + "/doctor-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    let bundle = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    let program = bundle.deletingLastPathComponent().appendingPathComponent("lockstep").path
    let launcher = ranks.map { [Self.mpirun ?? "mpirun", "-q", "--oversubscribe"] + options + ["-n", "\($0)"] } ?? []
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.executable("timeout")))
    process.arguments = ["--kill-after=5", "60"] + prefix + launcher + [program, "doctor"] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: scratch)
    // MPI in this process, or a batch job around it, exports variables that would make a child believe it belongs to it.
    var environment = ProcessInfo.processInfo.environment.filter { name, _ in
      !["OMPI_", "PMIX_", "ORTE_", "PMI_", "SLURM_", "LOCKSTEP_", "OPENBLAS_"].contains { name.hasPrefix($0) }
    }
    if geteuid() == 0 {
      environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
      environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    }
    process.environment = environment
    let (outputPath, errorPath) = (scratch + "/.stdout", scratch + "/.stderr")
    for path in [outputPath, errorPath] { try Data().write(to: URL(fileURLWithPath: path)) }
    process.standardOutput = FileHandle(forWritingAtPath: outputPath)
    process.standardError = FileHandle(forWritingAtPath: errorPath)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    status = process.terminationStatus
    output = try String(contentsOfFile: outputPath, encoding: .utf8)
    errors = try String(contentsOfFile: errorPath, encoding: .utf8)
  }
}
