import ArgumentParser
import Communication
import Datasets
import Logging
import Training

/// Samples that a command which only counts and measures can do with, where the data are not at hand.
struct StandInOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Noise of this shape in the place of data, which need not be there: 32x32x3 or 28x28 for images, 7 for vectors; with "
        + "--set data.layout=sequences 48x2 for steps and channels.", valueName: "HxWxC"))
  var shape: String?

  @Option(help: ArgumentHelp("With --shape: how many classes the data will have (default: 10).", valueName: "N"))
  var classes: Int?

  @Option(help: ArgumentHelp("With --shape: how many samples they will have (default: 50,000).", valueName: "N"))
  var samples: Int?

  func validate() throws {
    for (name, value) in [("--classes", classes), ("--samples", samples)] {
      guard let value else { continue }
      guard shape != nil else { throw ValidationError("\(name) \(value): it describes data of --shape; give both") }
      let most = name == "--classes" ? 65_536 : 1_000_000_000_000
      guard (name == "--classes" ? 1 : 10)...most ~= value else {
        throw ValidationError("\(name) \(value): must be from \(name == "--classes" ? "1 to 65,536" : "10 on")")
      }
    }
  }

  /// The recipe's data where they are; else, or as `--shape` asks, noise in their place, which is said.
  ///
  /// - Returns: what all data would take, too, where the noise is less.
  /// - Throws: `SharedFailure` on all ranks; where data of users are missing, with the option that does without.
  func data(
    of recipe: Recipe, on communicator: any Communicator, logger: Logger
  ) throws -> (dataset: Dataset, byteCount: Int?) {
    if let shape {
      let standIn = try communicator.together {
        try StandIn(shape: shape, classes: classes ?? 10, samples: samples ?? 50_000, for: recipe)
      }
      logger.notice("noise stands in for the data: \(standIn.words)")
      return (try standIn.dataset(on: communicator), standIn.byteCount)
    }
    do {
      let dataset = try recipe.loadDataset(on: communicator)
      return (dataset, nil)
    } catch let shared as SharedFailure where shared.failure.code == .noInput {
      // All ranks have the same failure, and the same recipe.
      guard let standIn = StandIn(knownFor: recipe) else {
        return try communicator.together {
          throw Failure("\(shared.failure.description); or say --shape HxWxC, to do without the data", code: .noInput)
        }
      }
      logger.notice("no data at \(recipe.data.source): noise stands in for them, \(standIn.words)")
      return (try standIn.dataset(on: communicator), standIn.byteCount)
    }
  }
}
