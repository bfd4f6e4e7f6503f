import ArgumentParser
import Checkpoints
import Files
import Training

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Lists what a checkpoint holds and verifies its checksums.",
    discussion: """
      Of a run directory, the newest whole checkpoint. The format is safetensors: other programs can read the tensors.
      """)

  @Argument(help: ArgumentHelp("A run directory or a checkpoint file.", valueName: "RUN|FILE"))
  var path: String

  @Flag(help: "Show the recipe that it was trained with, too.")
  var recipe = false

  func run() throws {
    Session.run { communicator, logger in
      try communicator.together {
        guard communicator.rank == 0 else { return }
        let found = try ResumePoint.path(path).find(in: RunDirectory(path))
        for warning in found.warnings { logger.warning("\(warning)") }
        guard let file = found.file else { throw Failure("\(path): no checkpoint", code: .noInput) }
        try file.verify()
        try show(file)
      }
    }
  }

  private func show(_ file: SafetensorsFile) throws {
    print("\(file.path): whole, all checksums hold")
    for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) where key != "recipe" {
      print("  \(key): \(value)")
    }
    for name in file.names {
      print("  \(padded(name, 52)) \(try file.type(of: name).rawValue) \(try file.shape(of: name))")
    }
    if recipe, let text = file.metadata["recipe"] { print(text) }
  }
}
