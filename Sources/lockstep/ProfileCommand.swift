import ArgumentParser
import Communication
import Datasets
import Diagnostics
import Files
import Kernels
import Reporting
import Training

struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile", abstract: "Measures whole training iterations, and where their time goes.",
    discussion: """
      Data, noise, reductions, Adam and averages are part of an iteration; the warm-up is not measured. An image counts \
      once per iteration. The roof is what the machine does at best: large products, and sums of arrays of several sizes. \
      Data that are not here are replaced by noise, as in plan. With --batch-sizes: which batch is fast enough, and what larger ones cost.

        lockstep profile --recipe dense-reference --output profile.html
        lockstep profile --recipe digits --batch-sizes 16,32,64,128,256
        cluster/run.sh -n 2 -- profile --json
      """)

  @OptionGroup var recipe: RecipeOptions
  @OptionGroup var standIn: StandInOptions

  @Option(help: ArgumentHelp("Iterations to measure (default: about ten seconds of them).", valueName: "K"))
  var iterations: Int?

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var watchdog: WatchdogOptions
  @OptionGroup var communication: CommunicationOptions

  @Option(help: ArgumentHelp("Lines of the table of operations.", valueName: "N"))
  var top = 20

  @Flag(help: "One line of JSON in place of the tables, with all operations.")
  var json = false

  @Option(
    name: .customLong("batch-sizes"),
    help: ArgumentHelp("Measure these sizes of the batch instead, and say which to take.", valueName: "16,32,…"))
  var batchSizes: String?

  @Option(
    help: ArgumentHelp("Also write a page with the tables, a roofline and the memory plan.", valueName: "FILE.html"),
    transform: Arguments.outputPath)
  var output: String?

  @Flag(help: "Measure this machine's largest products instead: 2048 × 2048 × 2048 by OpenBLAS.")
  var peak = false

  func validate() throws {
    if let iterations, !(1...1_000_000).contains(iterations) {
      throw ValidationError("--iterations \(iterations): must be from 1 to 1,000,000")
    }
    guard top >= 0 else { throw ValidationError("--top \(top): must be 0 or more") }
    if let output, !output.hasSuffix(".html") {
      throw ValidationError("--output \(output): the name must end in .html")
    }
    if peak, output != nil || batchSizes != nil || json {
      throw ValidationError("--peak measures no recipe; leave --output, --batch-sizes and --json out")
    }
    if batchSizes != nil, iterations != nil {
      throw ValidationError("--iterations: every size of --batch-sizes takes about four seconds; leave it out")
    }
    _ = try sizes
  }

  private var sizes: [Int]? {
    get throws {
      try batchSizes.map { text in
        try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
          guard let size = Int(part), (1...1_000_000_000).contains(size) else {
            throw ValidationError("--batch-sizes \(text): \"\(part)\" is no size; as in 16,32,64")
          }
          return size
        }
      }
    }
  }

  func run() throws {
    Session.run(stallTimeoutSeconds: watchdog.seconds) { communicator, logger in
      communicator.pulse.enter(.working, iteration: 0)
      if peak {
        if let note = StartUp.note { logger.notice("\(note)") }
        let crew = try Crew(threads, communicator)
        crew.warn(logger)
        let speed = PeakProduct.measure(on: crew.team)
        if communicator.rank == 0 { print("\(StartUp.coreName) kernels: \(decimal(speed, 1)) GFLOP/s a process") }
        return
      }
      let said = communicator.notes.count
      let recipe = try recipe.resolve(on: communicator, logger: nil)
      let (dataset, _) = try standIn.data(of: recipe, on: communicator, logger: logger)
      let crew = try Crew(threads, communicator)
      let tuning = try communication.tuning(
        recipe: recipe, dataset: dataset, resumed: nil, communicator: communicator, team: crew.team)
      if let sizes = try sizes {
        crew.warn(logger)
        if let note = StartUp.note { logger.notice("\(note)") }
        return try sweep(sizes, recipe, dataset, crew.team, tuning.settings, communicator)
      }
      let trainer = try Trainer(
        recipe: recipe, dataset: dataset, communicator: communicator, team: crew.team,
        settings: tuning.settings)
      crew.warn(logger)
      if let note = StartUp.note { logger.notice("\(note)") }
      for note in communicator.notes.dropFirst(said) { logger.notice("\(note)") }
      if let words = tuning.words(on: communicator) { logger.info("\(words)") }
      let profile = try Profile(measuring: trainer, iterations: iterations, team: crew.team)
      try communicator.together {
        guard communicator.rank == 0 else { return }
        print(json ? profile.json : profile.text(top: top))
        try write(profile.page)
      }
    }
  }

  private func sweep(
    _ sizes: [Int], _ recipe: Recipe, _ dataset: Dataset, _ team: ThreadTeam, _ settings: ReductionSettings,
    _ communicator: any Communicator
  ) throws {
    try communicator.together {
      guard let smallest = sizes.min(), smallest < communicator.size else { return }
      throw Failure("--batch-sizes: \(smallest) cannot be split over \(communicator.size) ranks", code: .configuration)
    }
    let sweep = try BatchSweep(
      measuring: recipe, sizes: sizes, dataset: dataset, communicator: communicator, team: team,
      settings: settings, availableBytes: AvailableMemory.bytes())
    try communicator.together {
      guard communicator.rank == 0 else { return }
      print(json ? sweep.json : sweep.text)
      try write(sweep.page)
    }
  }

  private func write(_ page: ProfilePage) throws {
    guard let output else { return }
    do {
      try AtomicFile.write(to: output, isDurable: false) { file throws(FileError) in
        try file.write(Array(page.html.utf8))
      }
    } catch { throw Failure("\(error)", code: .cannotCreate) }
    // The line of JSON is all that a program reads.
    if !json { print(output) }
  }
}
