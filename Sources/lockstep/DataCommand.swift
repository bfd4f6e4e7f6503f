import ArgumentParser
import Communication
import Datasets
import Files
import Logging
import Training

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Looks at data before they are trained on, and packs them.",
    subcommands: [CheckCommand.self, PackCommand.self])

  /// Which data, read as which recipe asks.
  struct Source: ParsableArguments {
    @Argument(
      help: ArgumentHelp(
        "As for --data: KIND:PATH, a directory, or an .npz, .npy, .csv or .tsv file.", valueName: "DATA"))
    var data: String

    @Option(help: ArgumentHelp("Read them as this recipe asks (default: digits).", valueName: "NAME|FILE"))
    var recipe: String?

    @Option(
      name: .customLong("set"), parsing: .singleValue,
      help: ArgumentHelp("Change a key, as in --set data.label=species. Repeatable.", valueName: "key=value"))
    var settings: [String] = []

    @OptionGroup var omissions: OmissionOptions

    func load(_ communicator: any Communicator, _ logger: Logger) throws -> Dataset {
      var options = RecipeOptions()
      (options.recipe, options.settings, options.data, options.omissions, options.seed) =
        (recipe, settings, data, omissions, nil)
      let recipe = try options.resolve(on: communicator, logger: logger)
      let dataset = try recipe.loadDataset(on: communicator)
      _ = try communicator.together { try recipe.settled(by: dataset) }
      return dataset
    }
  }
}

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Prints shapes, ranges, classes, duplicates, and what is wrong; draws samples.",
    discussion: """
      Draws what was understood: a row of samples to train on, from all classes, above a row of held-out ones. Ends with \
      exit code 65 and one message where a run could not use the data.

        lockstep data check mine.npz
        lockstep data check data/photos
        lockstep data check measured.csv --set data.conditions=[temperature]
      """)

  @OptionGroup var source: DataCommand.Source

  @Option(
    help: ArgumentHelp("Where samples are drawn; its name ends in .png.", valueName: "FILE"),
    transform: Arguments.outputPath)
  var picture = "data-check.png"

  @Flag(help: "Draw nothing.")
  var noPicture = false

  func validate() throws {
    guard picture.hasSuffix(".png") else { throw ValidationError("--picture \(picture): the name must end in .png") }
  }

  func run() throws {
    Session.run(multiplies: false, stallTimeoutSeconds: Watchdog.usualSeconds) { communicator, logger in
      let dataset = try source.load(communicator, logger)
      guard communicator.rank == 0 else { return }
      let facts = DatasetFacts(dataset)
      print("\(source.data): \(facts.summary)")
      print(facts.storage)
      print("\n\(padded("", 24))       least        mean   deviation        most")
      for range in facts.ranges.prefix(30) {
        let numbers = [range.least, range.mean, range.deviation, range.most]
        print(padded(clipped(range.name, atMost: 24), 24) + numbers.map { decimal($0, 4, width: 12) }.joined())
      }
      if let brightness = facts.brightness { print(brightness) }
      if facts.ranges.count > 30 { print("and \(facts.ranges.count - 30) more columns") }
      if facts.classes.count > 1 {
        print("\n\(padded("class", 24))    training    held out")
        for row in facts.classes.prefix(100) {
          print(padded(clipped(row.name, atMost: 24), 24) + leading(row.training) + leading(row.test))
        }
        if facts.classes.count > 100 { print("and \(facts.classes.count - 100) more classes") }
      }
      print("\nnot finite: \(source.omissions.dropNonFinite ? "left out, where there are any" : "none")")
      let duplicates = facts.duplicates.map {
        "\(grouped($0.withinTraining)) training samples equal an earlier one, \(grouped($0.heldOut)) held-out samples are "
          + "also trained on"
      }
      print("duplicates: \(duplicates ?? "not looked for, the data are larger than 1 GB")")
      if !noPicture {
        do {
          try DataPicture(dataset).write(to: picture)
          print("picture: \(picture), samples to train on above, held-out ones below")
        } catch { print("note: no picture: \(error)") }
      }
      for note in facts.notes { print("note: \(note)") }
      for warning in facts.warnings { print("warning: \(warning)") }
    }
  }

  private func leading(_ count: Int) -> String {
    let text = grouped(count)
    return String(repeating: " ", count: max(1, 12 - text.count)) + text
  }
}

struct PackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack", abstract: "Writes data as one .npz that runs map instead of reading it.",
    discussion: """
      Images are stored at the size that the recipe asks for, one byte a value; vectors and sequences as float32. All \
      processes of a machine share the file's pages, and data larger than memory can be trained on.

        lockstep data pack folder:photos --set data.height=64 --output photos.npz
        lockstep train --recipe images --data photos.npz
      """)

  @OptionGroup var source: DataCommand.Source

  @Option(
    help: ArgumentHelp("The file to write; its name ends in .npz.", valueName: "FILE"), transform: Arguments.outputPath)
  var output: String

  func validate() throws {
    guard output.hasSuffix(".npz") else { throw ValidationError("--output \(output): the name must end in .npz") }
  }

  func run() throws {
    Session.run(multiplies: false, stallTimeoutSeconds: Watchdog.usualSeconds) { communicator, logger in
      try communicator.together { if communicator.rank == 0 { try checkDirectory() } }
      let dataset = try source.load(communicator, logger)
      try communicator.together {
        guard communicator.rank == 0 else { return }
        for note in dataset.notes { logger.notice("\(note)") }
        for warning in dataset.warnings { logger.warning("\(warning)") }
        do { try DataPack.write(dataset, to: output) } catch { throw Failure("\(error)", code: .cannotCreate) }
        print("\(output): \(dataset.summary)")
      }
    }
  }

  /// Before data are read for it.
  private func checkDirectory() throws {
    guard let slash = output.lastIndex(of: "/"), slash != output.startIndex else { return }
    let directory = String(output[..<slash])
    guard !Directories.exists(directory) else { return }
    throw Failure("--output \(output): there is no directory \(directory); make it first", code: .cannotCreate)
  }
}
