import ArgumentParser
import Communication
import Files
import Training

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Makes a run of weights that another program has trained.",
    discussion: """
      The run has one checkpoint, of iteration 0: sample, evaluate, export and train --resume take it. All tensors of the \
      model must be in the file, and all of the file in the model; what does not fit is listed, and nothing is written.

        lockstep import --recipe dense-reference --weights keras.npz --map names.yaml --output runs/imported

      Names are those of `lockstep inspect --tensors` (an npz file may have _ for /). Others a YAML file gives, a line each:

        generator/image/kernel: dense_2_kernel
        generator/before1/kernel: {name: first.weight, transpose: true}
        ignore: [steps]

      transpose: true is for PyTorch's layers, [out, in] and [out, in, kh, kw]; a list of axes is NumPy's transpose.
      """)

  @OptionGroup var recipe: RecipeOptions

  @Option(help: ArgumentHelp("The weights: .npz or .safetensors.", valueName: "FILE"))
  var weights: String

  @Option(help: ArgumentHelp("Names of the file's tensors, where they are others.", valueName: "FILE.yaml"))
  var map: String?

  @Option(help: "Only this network, generator or discriminator; the other one starts from the seed (default: both).")
  var network: ImportedNetwork?

  @Option(help: ArgumentHelp("The run's directory, to be made.", valueName: "DIR"), transform: Arguments.outputPath)
  var output: String

  func run() throws {
    Session.run(stallTimeoutSeconds: Watchdog.usualSeconds) { communicator, logger in
      let recipe = try recipe.resolve(on: communicator, logger: logger)
      let dataset = try recipe.loadDataset(on: communicator)
      let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: communicator)
      for warning in dataset.warnings { logger.warning("\(warning)") }
      try communicator.together {
        guard communicator.rank == 0 else { return }
        let networks = network.map { [$0] } ?? ImportedNetwork.allCases
        try trainer.takeWeights(from: weights, map: map, networks: networks)
        try trainer.writeRun(to: output)
        print("\(output): \(networks.map(\.rawValue).joined(separator: " and ")) of \(weights), at iteration 0")
      }
    }
  }
}

extension ImportedNetwork: ExpressibleByArgument {}
