import Checkpoints
import Foundation
import TestSupport
import Testing

/// Tests of the program as a user starts it. One after the other: two ranks take both cores of a small machine.
@Suite(.serialized) enum LockstepTests {}

/// A directory that goes when the test ends.
final class Scratch {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/lockstep-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  // What is left in the temporary directory hurts nobody.
  deinit { try? FileManager.default.removeItem(atPath: path) }

  static func / (scratch: Scratch, name: String) -> String { scratch.path + "/" + name }

  func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
    let url = URL(fileURLWithPath: self / name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }
}

func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

func bytes(of path: String) throws -> [UInt8] { try Array(Data(contentsOf: URL(fileURLWithPath: path))) }

func lines(of path: String) throws -> [String] {
  String(decoding: try bytes(of: path), as: UTF8.self).split(separator: "\n").map(String.init)
}

/// One start of the program, and what it said.
struct Run {
  let status: Int32
  let output: String
  let errors: String

  var errorLines: [Substring] { errors.split(separator: "\n", omittingEmptySubsequences: false).dropLast() }

  /// Runs `lockstep` to its end; a hang ends after 60 seconds with status 124.
  ///
  /// - Parameter ranks: nil starts the program without mpirun.
  init(_ arguments: String..., ranks: Int? = nil, in scratch: Scratch, adding variables: [String: String] = [:]) throws
  {
    try self.init(arguments, ranks: ranks, in: scratch, adding: variables)
  }

  init(_ arguments: [String], ranks: Int? = nil, in scratch: Scratch, adding variables: [String: String] = [:]) throws {
    let timeout = try #require(Launch.executable("timeout"))
    let output = scratch / ".stdout"
    let errors = scratch / ".stderr"
    let process = try Launch.start(
      [timeout, "--kill-after=5", "60"] + Launch.command(arguments, ranks: ranks), in: scratch, adding: variables,
      output: output,
      errors: errors)
    process.waitUntilExit()
    status = process.terminationStatus
    self.output = String(decoding: try bytes(of: output), as: UTF8.self)
    self.errors = String(decoding: try bytes(of: errors), as: UTF8.self)
  }
}

/// How the program is started.
enum Launch {
  static func executable(_ name: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// The built program, beside the test bundle.
  static var program: String {
    let bundle = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    return bundle.deletingLastPathComponent().appendingPathComponent("lockstep").path
  }

  static var hasMPI: Bool { executable("mpirun") != nil }

  static func command(_ arguments: [String], ranks: Int?) -> [String] {
    let mpirun = ranks.map { [executable("mpirun") ?? "mpirun", "-q", "--oversubscribe", "-n", "\($0)"] } ?? []
    return mpirun + [program] + arguments
  }

  static func start(
    _ command: [String], in scratch: Scratch, adding variables: [String: String] = [:], output: String, errors: String
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
    // MPI in this process, or a batch job around it, exports variables that would make a child believe it belongs to it.
    var environment = ProcessInfo.processInfo.environment.filter { name, _ in
      !["OMPI_", "PMIX_", "ORTE_", "PMI_", "SLURM_", "LOCKSTEP_", "OPENBLAS_"].contains { name.hasPrefix($0) }
    }
    if geteuid() == 0 {
      environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
      environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    }
    process.environment = environment.merging(variables) { $1 }
    // Files, not pipes: nobody has to read while the program runs.
    for path in [output, errors] { try Data().write(to: URL(fileURLWithPath: path)) }
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    process.standardInput = FileHandle.nullDevice
    // Tests run on threads that hold signals back, and a child inherits that: mpirun would never hear SIGTERM.
    var (none, held) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &held)
    defer { pthread_sigmask(SIG_SETMASK, &held, nil) }
    try process.run()
    return process
  }
}

extension Trait where Self == ConditionTrait {
  static var underMPI: Self { .enabled(if: Launch.hasMPI, "mpirun is not installed") }
}

/// A run directory's checkpoint of an iteration.
func checkpoint(_ run: String, _ iteration: Int) -> String {
  let digits = String(iteration)
  return run + "/checkpoints/iteration-" + String(repeating: "0", count: 8 - digits.count) + digits + ".safetensors"
}

/// The parameters in a checkpoint.
func parameters(of path: String) throws -> NamedParameters {
  let file = try SafetensorsFile(path: path)
  return try file.names.filter { $0.hasPrefix("generator/") || $0.hasPrefix("discriminator/") }.map { name in
    var values = [Float](repeating: 0, count: try file.shape(of: name).count)
    try values.withUnsafeMutableBytes { try file.read(name, into: $0) }
    return (name, values)
  }
}

/// A recipe without kinks in its networks: ranks agree closely after many iterations (see RankAgreementTests).
let smoothSettings = [
  "model.generator.activation=tanh", "model.generator.hiddenAfter=[]", "model.discriminator.activation=tanh",
  "model.discriminator.hiddenAfter=[]", "training.generatorLearningRate=0.0002",
  "training.discriminatorLearningRate=0.0002",
].flatMap { ["--set", $0] }
