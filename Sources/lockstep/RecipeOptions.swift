import ArgumentParser
import Communication
import Datasets
import Files
import Logging
import Training

/// The options that choose and change a recipe.
struct RecipeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "An embedded recipe (`lockstep recipes` lists them) or a YAML file, recognised by its / or .yaml (default: "
        + "digits; with --resume, the checkpoint's own).", valueName: "NAME|FILE"))
  var recipe: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Change one key of the recipe, as in --set training.batchSize=128. Repeatable. `lockstep recipes --keys` "
        + "explains all keys.",
      valueName: "key=value"))
  var settings: [String] = []

  @Option(
    help: ArgumentHelp(
      "Where the data come from: digits (built in), idx:DIR (MNIST's files, also .gz), semeion:FILE, cifar10:DIR and "
        + "cifar100:DIR (binary versions), folder:DIR (PNG, JPEG and WebP in a folder per class, or listed with their "
        + "class), an .npz or .npy file with arrays x and y, a .csv or .tsv table, also .gz (default: the recipe's). Of a "
        + "path without its KIND what lies there says it.",
      valueName: "KIND:PATH"))
  var data: String?

  @OptionGroup var omissions: OmissionOptions

  @Option(help: ArgumentHelp("Another seed makes another run (default: the recipe's).", valueName: "N"))
  var seed: Int?

  /// `--set` and the options that are short for it.
  private var allSettings: [String] {
    settings + (data.map { ["data.source=\($0.recipeText)"] } ?? [])
      + (omissions.skipUnreadable ? ["data.skipUnreadable=true"] : [])
      + (omissions.dropNonFinite ? ["data.dropNonFinite=true"] : []) + (seed.map { ["seed=\($0)"] } ?? [])
  }

  /// Whether `--set` names a key of how the learning rates go down, and whether the one with the iterations.
  var setsDecay: Bool { setsDecayLength || sets("training.learningRateDecay") || sets("training.learningRateEnd") }
  var setsDecayLength: Bool { sets("training.learningRateIterations") }

  private func sets(_ key: String) -> Bool { settings.contains { $0.hasPrefix(key) } }

  /// The recipe as asked for. Rank 0 reads it; every rank gets the same.
  ///
  /// - Parameters:
  ///   - fallback: the YAML to start from when no recipe is named, and where it comes from.
  ///   - logger: for what a path without its kind is taken for; nil: it is not looked for.
  func resolve(
    fallback: (yaml: String, origin: String)? = nil, on communicator: any Communicator,
    logger: Logger?
  ) throws -> Recipe {
    let yaml = try communicator.together {
      guard communicator.rank == 0 else { return "" }
      let (text, origin) = try source(fallback: fallback)
      var recipe = try Recipe(yaml: text, origin: origin, settings: allSettings)
      // That of a checkpoint is what it is.
      if fallback == nil || self.recipe != nil || sets("name=") { try recipe.checkName(origin: origin) }
      if let logger { recipe.data.source = try Self.understood(recipe.data.source, logger) }
      return recipe.yaml
    }
    return try Recipe(yaml: communicator.broadcast(text: yaml), origin: "the recipe of rank 0")
  }

  /// A source with its kind, which is said where it was not written. Rank 0 asks.
  static func understood(_ source: String, _ logger: Logger) throws -> String {
    let understood = try DatasetSource.understood(source)
    if let note = understood.note { logger.notice("\(note)") }
    return understood.text
  }

  private func source(fallback: (yaml: String, origin: String)?) throws -> (yaml: String, origin: String) {
    guard let recipe else {
      if let fallback { return fallback }
      let first = Recipe.embedded[0]
      return (first.yaml, first.name)
    }
    if recipe.contains("/") || recipe.hasSuffix(".yaml") || recipe.hasSuffix(".yml") {
      let path: String
      do throws(FileError) { path = try HomeDirectory.expanded(recipe) } catch {
        throw Failure(error.description, code: .noInput)
      }
      return (try RecipeFile.text(of: path), path)
    }
    let embedded = try Recipe.embedded(named: recipe)
    return (embedded.yaml, embedded.name)
  }
}
