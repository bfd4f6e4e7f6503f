import ArgumentParser
import Communication
import Files
import Logging
import Training

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep", abstract: "Tries values of recipe keys, and says which are best and how sure that is.",
    discussion: """
      A search space names keys and values:

        recipe: dense-reference
        space:
          model.generator.attention.activation: [none, softmax, sigmoid, tanh]
          training.generatorLearningRate: {from: 1e-4, to: 1e-3, steps: 3, scale: log}
        seeds: 3
        iterations: 400
        measure: frechet

        lockstep sweep space.yaml --output runs/sweep
        cluster/run.sh -n 4 -- sweep space.yaml --output runs/sweep --groups 4

      The same command goes on with a sweep that was stopped. The table is in sweep.csv and sweep.html, the best recipe in
      best.yaml.
      """)

  @Argument(help: ArgumentHelp("The search space, a YAML file.", valueName: "SPACE"))
  var space: String?

  @Option(help: ArgumentHelp("The sweep's directory.", valueName: "DIR"), transform: Arguments.outputPath)
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Groups of ranks that run trials side by side (default: the space's, or one for each rank).", valueName: "N"))
  var groups: Int?

  @Flag(help: "Say how many jobs there are, trials times seeds, and list them; nothing is written.")
  var list = false

  @Option(help: ArgumentHelp("Run this job of the list only, from 1; for arrays of batch jobs.", valueName: "K"))
  var trial: Int?

  @Option(
    help: ArgumentHelp("Make the table of a sweep from what has ended so far.", valueName: "DIR"),
    transform: Arguments.outputPath)
  var collect: String?

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var watchdog: WatchdogOptions

  func validate() throws {
    if collect != nil {
      guard space == nil, output == nil, trial == nil, !list else {
        throw ValidationError("--collect names the sweep's directory; leave the rest out")
      }
      return
    }
    guard space != nil else { throw ValidationError("name a search space, a YAML file") }
    guard list || output != nil else { throw ValidationError("name the sweep's directory with --output") }
    if let groups, !(1...1_000_000).contains(groups) {
      throw ValidationError("--groups \(groups): must be from 1 to 1,000,000")
    }
    if trial != nil, groups != nil { throw ValidationError("--trial runs on all ranks; leave --groups out") }
  }

  func run() throws {
    // Before MPI starts its threads: they inherit what is held back.
    let signals = StopSignals()
    Session.runToCode(stallTimeoutSeconds: watchdog.seconds) { communicator, logger in
      try sweep(communicator, logger, signals)
    }
  }

  private func sweep(
    _ communicator: any Communicator, _ logger: Logger, _ signals: StopSignals
  ) throws -> Failure.Code? {
    let path = collect.map { SweepDirectory($0).space } ?? space ?? ""
    let text = try communicator.broadcast(
      text: communicator.together { communicator.rank == 0 ? try RecipeFile.text(of: path) : "" })
    // The same text makes the same plan; a recipe file must be there for all.
    let plan = try communicator.together { try SweepPlan(SweepSpace(yaml: text, origin: path)) }
    if list { return show(plan, communicator) }
    let directory = SweepDirectory(collect ?? output ?? "")
    var stop: StopReason?
    if collect == nil {
      let groups = groups ?? plan.space.groups ?? communicator.size
      try communicator.together { try check(plan, groups: trial == nil ? groups : 1, ranks: communicator.size) }
      let crew = try Crew(threads, communicator)
      crew.warn(logger)
      let runner = SweepRunner(
        plan, directory: directory, communicator: communicator, team: crew.team, signals: signals,
        stallTimeoutSeconds: watchdog.seconds, logger: logger)
      if let trial { stop = try runner.run(job: trial) } else { stop = try runner.run(groups: groups) }
    }
    // What is printed waits for its reader.
    signals.endWork()
    try communicator.together {
      guard communicator.rank == 0, trial == nil else { return }
      let results = try directory.results(of: plan)
      let table = try SweepTable(plan, results)
      try table.write(plan, results, to: directory)
      print(table.text(plan))
    }
    guard let stop else { return nil }
    logger.notice("stopped; the same command goes on")
    return stop == .interrupt ? .interrupted : .tryAgain
  }

  /// All that can be known before anything is written.
  private func check(_ plan: SweepPlan, groups: Int, ranks: Int) throws {
    guard groups <= ranks else {
      throw Failure("\(groups) groups of \(ranks) ranks: a group needs a rank; use fewer groups", code: .configuration)
    }
    let largest = (ranks + groups - 1) / groups
    guard largest <= plan.smallestBatch else {
      throw Failure(
        "a batch of \(plan.smallestBatch) cannot be split over \(largest) ranks; use more groups", code: .configuration)
    }
    guard let trial else { return }
    guard plan.rungs.count == 1 else {
      throw Failure("--trial: halving compares trials while they run; use grid or random", code: .configuration)
    }
    let count = plan.jobs(of: plan.trials).count
    guard (1...max(1, count)).contains(trial) else {
      throw Failure("--trial \(trial): there are \(count) jobs", code: .usage)
    }
  }

  private func show(_ plan: SweepPlan, _ communicator: any Communicator) -> Failure.Code? {
    guard communicator.rank == 0 else { return nil }
    let jobs = plan.jobs(of: plan.trials)
    print("\(jobs.count) jobs: \(plan.trials.count) trials, \(plan.space.seeds.count) seeds each")
    for (index, job) in jobs.enumerated() { print("\(index + 1)  seed \(job.seed)  \(job.trial.words)") }
    return nil
  }
}
