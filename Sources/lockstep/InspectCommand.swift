import ArgumentParser
import Checkpoints
import Files
import Training

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Lists and verifies checkpoints, and shows what one holds.",
    discussion: """
      Of a run directory: all its checkpoints, each verified, who is writing there now, and what the newest whole one \
      holds. Exit code 65 if any is damaged. The format is safetensors: other programs can read the tensors.
      """)

  @Argument(help: ArgumentHelp("A run directory or a checkpoint file.", valueName: "RUN|FILE"))
  var path: String

  @Flag(help: "Show the recipe that it was trained with, too.")
  var recipe = false

  @Flag(help: "Show all metadata, those that only the program reads included.")
  var all = false

  /// Metadata that a person has no use for.
  private static let internals = ["health", "report", "metricsBytes", "evaluatedIteration", "format"]

  func run() throws {
    Session.run { communicator, _ in
      try communicator.together {
        guard communicator.rank == 0 else { return }
        guard Directories.exists(path) else {
          throw Failure("\(path): there is no such run or checkpoint", code: .noInput)
        }
        guard path.hasSuffix(".safetensors") else { return try showRun(RunDirectory(path)) }
        let file = try SafetensorsFile(path: path)
        try file.verify()
        try show(file)
      }
    }
  }

  /// All checkpoints of a run, then the newest whole one.
  private func showRun(_ run: RunDirectory) throws {
    // A run that goes on meanwhile removes old ones.
    let surveyed = try run.checkpoints.survey().filter { $0.problem == nil || Directories.exists($0.path) }
    guard !surveyed.isEmpty else { throw Failure("\(path): this run has no checkpoint", code: .noInput) }
    print("\(path): \(surveyed.count == 1 ? "1 checkpoint" : "\(surveyed.count) checkpoints")")
    for checkpoint in surveyed {
      let size = checkpoint.byteCount.map { "\(grouped($0)) bytes" } ?? "unreadable"
      print("  \(padded("\(checkpoint.position)", 28)) \(padded(size, 20)) \(checkpoint.problem?.reason ?? "whole")")
    }
    if let use = use(of: run) { print("  the run \(use)") }
    if let newest = surveyed.last(where: { $0.problem == nil }) {
      print("")
      try show(SafetensorsFile(path: newest.path))
    }
    let problems = surveyed.compactMap(\.problem)
    guard problems.isEmpty else {
      throw Failure(
        "\(problems.count) of \(surveyed.count) checkpoints damaged: "
          + problems.map { "\($0.file): \($0.reason)" }.joined(separator: "; "), code: .data)
    }
  }

  /// Who writes into the directory; nil where nobody does, or where it cannot be told.
  private func use(of run: RunDirectory) -> String? {
    // Never the first to make a lock file: others may own the directory.
    guard Directories.exists("\(run.path)/\(RunLock.fileName)") else { return nil }
    do throws(FileError) {
      // Given back at once; a run that starts this very moment waits for longer.
      _ = try RunLock(directory: run.path)
      return nil
    } catch {
      // Without the right to write, the lock cannot be asked.
      return error.reason.hasPrefix("is in use") ? error.reason : nil
    }
  }

  private func show(_ file: SafetensorsFile) throws {
    print("\(file.path): whole, all checksums hold")
    let hidden = all ? [] : Self.internals
    for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) where key != "recipe" && !hidden.contains(key) {
      print("  \(key): \(value)")
    }
    for name in file.names {
      print("  \(padded(name, 52)) \(try file.type(of: name).rawValue) \(try file.shape(of: name))")
    }
    if recipe, let text = file.metadata["recipe"] { print(text) }
  }
}
