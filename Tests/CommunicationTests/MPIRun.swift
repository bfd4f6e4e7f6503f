import Foundation

/// Runs the probe beside the test bundle under mpirun, as an outsider would start it.
struct MPIRun {
  var status: Int32
  var output: String
  /// What the ranks themselves wrote to standard error: mpirun adds words of its own.
  var complaints: [String]
  /// All of it.
  var errors: String

  private static func executable(_ name: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  static var probe: String {
    let bundle = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    return bundle.deletingLastPathComponent().appendingPathComponent("communication-probe").path
  }

  /// Why these tests cannot run here; nil if they can.
  static var obstacle: String? {
    if executable("mpirun") == nil { return "mpirun is not installed" }
    if executable("timeout") == nil { return "timeout (coreutils) is not installed" }
    return nil
  }

  /// Starts the probe on `ranks` ranks; a hang ends after 60 seconds with status 124.
  init(ranks: Int, _ arguments: String...) throws { try self.init(ranks: ranks, arguments) }

  init(ranks: Int, _ arguments: [String]) throws {
    let command = ["--kill-after=5", "60", "mpirun", "--oversubscribe", "-n", "\(ranks)", Self.probe] + arguments
    try self.init(executable: Self.executable("timeout") ?? "timeout", command, adding: [:])
  }

  /// Starts the probe by itself, with the variables some launcher would set.
  init(alone arguments: String..., adding variables: [String: String]) throws {
    try self.init(executable: Self.probe, arguments, adding: variables)
  }

  private init(executable: String, _ arguments: [String], adding variables: [String: String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    // MPI in this process exports variables that would make a child believe it belongs to it.
    var environment = ProcessInfo.processInfo.environment.filter { name, _ in
      !["OMPI_", "PMIX_", "ORTE_", "PMI_", "SLURM_"].contains { name.hasPrefix($0) }
    }
    if geteuid() == 0 {
      environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
      environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    }
    process.environment = environment.merging(variables) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    // Far less than a pipe holds, so it can be read after the output.
    let errorPipe = Pipe()
    process.standardError = errorPipe
    process.standardInput = FileHandle.nullDevice
    // Tests run on threads that hold signals back, and a child inherits that: timeout could not end a hung mpirun.
    var (none, held) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &held)
    defer { pthread_sigmask(SIG_SETMASK, &held, nil) }
    try process.run()
    let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
    let errorBytes = errorPipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    status = process.terminationStatus
    output = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    errors = String(decoding: errorBytes, as: UTF8.self)
    complaints = errors.split(separator: "\n").map(String.init)
      .filter { $0.hasPrefix("lockstep:") }
  }
}
