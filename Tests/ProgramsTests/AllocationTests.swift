import Foundation
import Testing

/// Training takes no memory from the system once it runs: the probe counts the allocator's calls in a process of its
/// own. See Tests/Probes/allocation-probe.
@Suite(.serialized, .enabled(if: isOptimized, "only optimised code allocates nothing"))
struct AllocationTests {
  private static let iterations = 1000

  @Test(
    "a thousand iterations with progress and metrics allocate nothing", arguments: ["digits-dense", "dense-reference"])
  func alone(recipe: String) throws {
    let output = try run([], recipe, Self.iterations)
    #expect(output == "\(recipe), \(Self.iterations) iterations: 0 taken, 0 freed")
  }

  @Test("nor do they on two ranks", .enabled(if: Self.find("mpirun") != nil, "mpirun is not installed"))
  func twoRanks() throws {
    let launcher = ["mpirun", "--oversubscribe", "-n", "2"]
    let output = try run(launcher, "digits-dense", Self.iterations)
    #expect(output == "digits-dense, \(Self.iterations) iterations: 0 taken, 0 freed; 0 taken, 0 freed")
  }

  @Test("nor do they with a team of two threads")
  func team() throws {
    // Large enough that kernels are shared.
    let output = try run([], "digits-dense", Self.iterations, "0", "threads=2", "training.batchSize=256")
    #expect(output == "digits-dense, \(Self.iterations) iterations: 0 taken, 0 freed, 0 by other threads")
  }

  @Test("the probe counts an array that is made and dropped every iteration")
  func control() throws {
    let output = try run([], "digits-dense", 10, "leak")
    #expect(output == "digits-dense, 10 iterations: 10 taken, 10 freed")
  }

  private static func find(_ name: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// What the probe prints; a hang ends after two minutes.
  private func run(_ launcher: [String], _ recipe: String, _ iterations: Int, _ more: String...) throws -> String {
    let bundle = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    let probe = bundle.deletingLastPathComponent().appendingPathComponent("allocation-probe").path
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.find("timeout")))
    process.arguments = ["120"] + launcher + [probe, recipe, "\(iterations)"] + more
    // MPI in this process exports variables that would make a child believe it belongs to it.
    var environment = ProcessInfo.processInfo.environment.filter { name, _ in
      !["OMPI_", "PMIX_", "ORTE_", "PMI_", "SLURM_", "LOCKSTEP_"].contains { name.hasPrefix($0) }
    }
    if geteuid() == 0 {
      environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
      environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    }
    process.environment = environment
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

private var isOptimized: Bool {
  #if DEBUG
    false
  #else
    true
  #endif
}
