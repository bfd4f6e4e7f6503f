import ArgumentParser
import Checkpoints
import Communication
import Evaluation
import Files
import Tensors
import Training

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Lists and verifies checkpoints, and sums up what one holds.",
    discussion: """
      Of a run directory: all its checkpoints, each verified, who is writing there now, and a summary of the newest whole \
      one. Exit code 65 if any is damaged or not what its name says. The format is safetensors: other programs can read the tensors.

        lockstep inspect runs/first
        lockstep inspect runs/first --tensors

      With --attention: draws where the attention layers of both networks look, on samples of the model.

        lockstep inspect runs/first --attention --output maps
      """)

  @Argument(help: ArgumentHelp("A run directory or a checkpoint file.", valueName: "RUN|FILE"))
  var path: String

  @Flag(help: "List all tensors, their types and shapes, too.")
  var tensors = false

  @Flag(help: "Show the recipe that it was trained with, too.")
  var recipe = false

  @Flag(help: "Show all metadata as they are in the file, too.")
  var all = false

  @Flag(help: "Write a PNG for each attention layer instead.")
  var attention = false

  @Option(
    help: ArgumentHelp("Where --attention writes (default: RUN/attention).", valueName: "DIR"),
    transform: Arguments.outputPath)
  var output: String?

  @Option(help: ArgumentHelp("On how many samples --attention looks, up to 8.", valueName: "N"))
  var samples: Int?

  func validate() throws {
    if let samples, !(1...EvaluationPrograms.mapSamples).contains(samples) {
      throw ValidationError("--samples \(samples): must be from 1 to \(EvaluationPrograms.mapSamples)")
    }
    if !attention, output != nil || samples != nil {
      throw ValidationError("\(output == nil ? "--samples" : "--output") is for --attention")
    }
    if attention, recipe || all || tensors {
      throw ValidationError("--attention shows neither recipe nor metadata nor tensors")
    }
    if attention, output == nil, path.hasSuffix(".safetensors") {
      throw ValidationError("--attention of a checkpoint file: name the directory of the pictures, --output DIR")
    }
  }

  func run() throws {
    Session.run(multiplies: attention, stallTimeoutSeconds: Watchdog.usualSeconds) { communicator, _ in
      if attention { return try showAttention(communicator) }
      try communicator.together {
        guard communicator.rank == 0 else { return }
        guard try RunDirectory.isThere(path) else { throw RunDirectory.missing(path) }
        guard path.hasSuffix(".safetensors") else { return try showRun(RunDirectory(path)) }
        let file = try SafetensorsFile(path: path)
        try file.verify()
        try show(file)
      }
    }
  }

  private func showAttention(_ communicator: any Communicator) throws {
    let model = try SavedModel(path: path, communicator: communicator)
    let directory = output ?? path + "/attention"
    let size = model.model.conditionSize
    let hasClasses = model.recipe.model.conditionKind == .classes
    try communicator.together {
      guard communicator.rank == 0 else { return }
      do { try Directories.create(directory) } catch { throw Failure("\(error)", code: .cannotCreate) }
      let pictures = AttentionPictures(
        model.programs, imageShape: model.model.imageShape, samples: samples ?? 4)
      // One class after the other; continuous conditions at zero, as `sample` has them.
      let paths = try pictures.write(to: FilePlace(directory)) { sample, target in
        for k in 0..<size { target[k] = hasClasses && sample % size == k ? 1 : 0 }
      }
      guard !paths.isEmpty else {
        throw Failure("\(path): no layer of this model attends; there is nothing to draw", code: .data)
      }
      for path in paths { print(path) }
    }
  }

  /// All checkpoints of a run, then the newest whole one.
  private func showRun(_ run: RunDirectory) throws {
    let surveyed = try run.checkpoints.survey()
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
      let listed = problems.map { "\(escaped($0.file)): \($0.reason)" }.joined(separator: "; ")
      // One that could not be read counts most: it may be whole.
      let unread = problems.first { !$0.isToBeSkipped }
      let what =
        unread != nil ? "unreadable or damaged" : problems.allSatisfy { $0.cause == .damaged } ? "damaged" : "no use"
      throw Failure(
        "\(problems.count) of \(surveyed.count) checkpoints \(what): \(listed)",
        code: Failure.Code((unread ?? problems[0]).cause))
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
    for row in try CheckpointSummary(file).rows { print("  \(padded(row.name, 14)) \(row.text)") }
    if all {
      for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) where key != "recipe" {
        print("  \(escaped(key)): \(escaped(value))")
      }
    }
    if tensors {
      for name in file.names {
        print("  \(padded(escaped(name), 52)) \(try file.type(of: name).rawValue) \(try file.shape(of: name))")
      }
    }
    if recipe, let text = file.metadata["recipe"] { print(text) }
  }
}
