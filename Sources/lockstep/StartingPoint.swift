import Checkpoints
import Communication
import Files
import Glibc
import Training

/// Where a training starts: its recipe, its directory, the checkpoint it goes on from.
struct StartingPoint {
  let recipe: Recipe
  let output: RunDirectory
  /// On rank 0.
  let file: SafetensorsFile?
  let isResuming: Bool
  /// On rank 0.
  let warnings: [String]

  /// Finds the checkpoint and resolves the recipe; agreed by all ranks. Writes nothing yet.
  init(
    resume: ResumePoint, output path: String?, options: RecipeOptions, iterations: Int?,
    _ communicator: any Communicator
  ) throws {
    let isFirst = communicator.rank == 0
    let more = iterations.map { ["training.iterations=\($0)"] } ?? []

    // A run to go on with names the directory and the recipe where the command line does not.
    let named = try communicator.together {
      isFirst ? try Self.findNamed(resume, path) : (file: nil, warnings: [])
    }
    let saved = named.file?.metadata["recipe"].map { (yaml: $0, origin: named.file?.path ?? "") }
    let recipe = try options.resolve(fallback: saved, more: more, on: communicator)
    let directory = RunDirectory(
      try communicator.broadcast(text: path ?? Self.defaultOutput(resume, recipe)))

    let found = try communicator.together { () -> (file: SafetensorsFile?, warnings: [String]) in
      guard isFirst else { return (nil, []) }
      let found = resume == .automatic && named.file == nil ? try resume.find(in: directory) : named
      if let saved = found.file?.metadata["recipe"] {
        try recipe.checkContinues(try Recipe(yaml: saved, origin: "the checkpoint's recipe"))
      }
      if resume != .automatic { try Self.refuse(overwriting: directory, from: found.file) }
      return found
    }
    self.recipe = recipe
    output = directory
    file = found.file
    warnings = found.warnings
    isResuming = try communicator.maximum(of: found.file == nil ? 0 : 1) == 1
  }

  /// Makes the directory; to be called on all ranks once nothing can be wrong any more.
  func createOutput(_ communicator: any Communicator) throws {
    try communicator.together {
      guard communicator.rank == 0 else { return }
      try output.create()
      try RecipeFile.write(recipe, to: output.recipe)
    }
  }

  /// A directory with another run than the one to go on with is left alone.
  private static func refuse(overwriting output: RunDirectory, from file: SafetensorsFile?) throws {
    guard let iteration = try output.checkpoints.iterations().last else { return }
    if let file, isSame(parent(of: file.path), output.checkpoints.directory) { return }
    throw Failure(
      "\(output.path) holds a run of \(grouped(iteration)) iterations already; "
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
    case .automatic: try path.map { try resume.find(in: RunDirectory($0)) } ?? (nil, [])
    case .path(let named): try resume.find(in: RunDirectory(named))
    }
  }

  /// The run that is gone on with, where it can be told.
  private static func defaultOutput(_ resume: ResumePoint, _ recipe: Recipe) -> String {
    guard case .path(let named) = resume else { return "runs/\(recipe.name)" }
    guard named.hasSuffix(".safetensors") else { return named }
    let directory = parent(of: named)
    return directory.hasSuffix("/checkpoints") ? parent(of: directory) : "runs/\(recipe.name)"
  }
}
