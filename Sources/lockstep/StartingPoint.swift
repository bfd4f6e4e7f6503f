import Checkpoints
import Communication
import Datasets
import Files
import Glibc
import Logging
import Training

/// Where a training starts: its recipe, its directory, the checkpoint it goes on from.
struct StartingPoint {
  let recipe: Recipe
  let output: RunDirectory
  /// On rank 0.
  let file: SafetensorsFile?
  let isResuming: Bool
  /// What the run that is gone on with has made of its data.
  let known: SampleDescription?
  /// On rank 0.
  let warnings: [String]
  /// On rank 0, what becomes of the learning rates where the run goes on.
  let decayWords: String?
  /// On rank 0, of a run that was there before.
  private let lock: RunLock?

  /// Finds the checkpoint and resolves the recipe; agreed by all ranks. Writes nothing yet but the lock of a run that is
  /// gone on with.
  init(
    resume: ResumePoint, output path: String?, options: RecipeOptions, length: LengthOptions, allowedChanges: [String],
    _ communicator: any Communicator, _ logger: Logger
  ) throws {
    let isFirst = communicator.rank == 0

    // A run to go on with names the directory and the recipe where the command line does not.
    let named = try communicator.together {
      isFirst ? try Self.findNamed(resume, path) : (file: nil, warnings: [])
    }
    let saved = named.file.flatMap(CheckpointFormat.recipe).map { (yaml: $0, origin: named.file?.path ?? "") }
    var recipe = try options.resolve(fallback: saved, on: communicator, logger: logger)
    length.apply(to: &recipe)
    let chosen = try communicator.together {
      try Arguments.outputPath(path ?? Self.defaultOutput(resume, recipe))
    }
    let directory = RunDirectory(try communicator.broadcast(text: chosen))

    // A run that is about to end may write one more checkpoint: once it has ended, what is newest is looked for again.
    let lock = try communicator.together { isFirst && resume != .nowhere ? try directory.lock() : nil }
    var decayWords: String?
    let found = try communicator.together { () -> (file: SafetensorsFile?, warnings: [String]) in
      guard isFirst else { return (nil, []) }
      let found = try Self.find(resume, directory.held(by: lock))
      if let file = found.file, let saved = CheckpointFormat.recipe(of: file) {
        let saved = try Recipe(yaml: saved, origin: "the checkpoint's recipe")
        for change in recipe.changes(from: saved) { for line in change.lines { logger.notice("\(line)") } }
        try recipe.checkContinues(saved, allowing: allowedChanges) { CheckpointFit.misfit(of: recipe, in: file) }
        recipe = recipe.settled(like: saved)
        let iteration = file.metadata["iteration"].flatMap(Int.init) ?? 0
        if options.setsDecay {
          // A length that going on has settled before is not what is asked for.
          if options.recipe == nil, length.isGiven, !options.setsDecayLength {
            recipe.training.learningRateIterations = nil
          }
        } else if length.hours == nil {
          recipe.continueDecay(of: saved, at: iteration)
        }
        if length.hours == nil { decayWords = recipe.decayWords(goingOnFrom: saved, at: iteration) }
      }
      if resume != .automatic { try Self.refuse(overwriting: directory.held(by: lock), from: found.file) }
      return found
    }
    self.lock = lock
    self.recipe = try Recipe(yaml: communicator.broadcast(text: recipe.yaml), origin: "the recipe of rank 0")
    self.decayWords = decayWords
    output = directory
    file = found.file
    warnings = found.warnings
    isResuming = try communicator.maximum(of: found.file == nil ? 0 : 1) == 1
    known = try CheckpointFormat.samples(of: found.file, on: communicator)
  }

  /// Makes the directory and locks it; to be called on all ranks once nothing can be wrong any more.
  ///
  /// - Returns: on rank 0, the lock: while it lives, no other run writes there.
  func createOutput(_ communicator: any Communicator) throws -> RunLock? {
    try communicator.together {
      guard communicator.rank == 0 else { return nil }
      return try output.create(held: lock)
    }
  }

  /// A directory with another run than the one to go on with is left alone.
  private static func refuse(overwriting output: RunDirectory, from file: SafetensorsFile?) throws {
    guard let newest = try output.checkpoints.newest() else { return }
    if let file, isSame(parent(of: file.path), output.checkpoints.directory) { return }
    throw Failure(
      "\(output.path) holds a run of \(grouped(newest.iteration)) iterations already; "
        + "--resume auto goes on with it, another --output starts beside it", code: .cannotCreate)
  }

  private static func parent(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }

  private static func isSame(_ a: String, _ b: String) -> Bool {
    var (first, second) = (stat(), stat())
    guard stat(a, &first) == 0, stat(b, &second) == 0 else { return false }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  private static func findNamed(
    _ resume: ResumePoint, _ path: String?
  ) throws -> (file: SafetensorsFile?, warnings: [String]) {
    switch resume {
    case .nowhere: (nil, [])
    case .automatic: try path.map { try find(resume, RunDirectory($0)) } ?? (nil, [])
    case .path(let named): try find(resume, RunDirectory(named))
    }
  }

  /// Before its recipe is read: a newer format's may have keys that are unknown here.
  private static func find(
    _ resume: ResumePoint, _ directory: RunDirectory
  ) throws -> (file: SafetensorsFile?, warnings: [String]) {
    let found = try resume.find(in: directory)
    if let file = found.file { try CheckpointFormat.check(file) }
    return found
  }

  /// The run that is gone on with, where it can be told.
  private static func defaultOutput(_ resume: ResumePoint, _ recipe: Recipe) throws -> String {
    if case .path(let named) = resume {
      guard named.hasSuffix(".safetensors") else { return named }
      let directory = parent(of: named)
      if directory.hasSuffix("/checkpoints") { return parent(of: directory) }
    }
    try recipe.checkName(origin: "no --output is given")
    return "runs/\(recipe.name)"
  }
}
