import ArgumentParser
import Communication
import Datasets
import Files
import Forecasting
import Kernels
import Logging
import Training

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Predicts memory, time and scaling of a recipe on a cluster, and says how to start it.",
    discussion: """
      Counts what can be counted, measures this machine for about 15 seconds, and predicts iterations on 1 to 1,024 nodes. \
      Data that are not here are replaced by noise: those of the recipes mnist and cifar10 by themselves, others as --shape \
      says. Run it under mpirun with as many processes on a node as will train there, so that they slow each other as they \
      will then; over nodes it measures the network, too.

        lockstep plan --recipe digits --nodes 4 --ranks-per-node 8 --latency 20us --bandwidth 25gbit
        lockstep plan --recipe images --shape 64x64x3 --set data.height=64 --nodes 4 --ranks-per-node 8
        cluster/run.sh -n 8 -- plan --recipe digits --nodes 4 --ranks-per-node 8 --save-machine node.json
        lockstep plan --recipe digits --nodes 16 --ranks-per-node 8 --machine node.json
      """)

  @OptionGroup var recipe: RecipeOptions
  @OptionGroup var standIn: StandInOptions

  @Option(help: ArgumentHelp("Nodes that will train.", valueName: "N"))
  var nodes: Int

  @Option(help: ArgumentHelp("Processes on each of them.", valueName: "K"))
  var ranksPerNode: Int

  @OptionGroup var threads: ThreadOptions

  @Option(
    help: ArgumentHelp("Take the machine's speed from this file instead of measuring it.", valueName: "FILE"))
  var machine: String?

  @Option(
    help: ArgumentHelp("Keep what was measured in this file.", valueName: "FILE"), transform: Arguments.outputPath)
  var saveMachine: String?

  @Option(
    help: ArgumentHelp(
      "Of a message between nodes, where it is not measured (default: 50us).", valueName: "TIME"))
  var latency: String?

  @Option(
    help: ArgumentHelp(
      "Of a node's network, where it is not measured: 10gbit, or in bytes, 1.25GB (default: 10gbit).",
      valueName: "RATE"))
  var bandwidth: String?

  @Option(
    help: ArgumentHelp(
      "How many times slower a core is with all ranks of a node at work than it was measured.", valueName: "F"))
  var coreSlowdown = 1.0

  @Flag(inversion: .prefixedNo, help: "Gradients travel while computing goes on.")
  var overlap = true

  @Flag(help: "One line of JSON in place of the tables.")
  var json = false

  func validate() throws {
    guard (1...Self.most).contains(nodes) else { throw ValidationError("--nodes \(nodes): must be 1 to \(Self.most)") }
    guard (1...Self.most).contains(ranksPerNode) else {
      throw ValidationError("--ranks-per-node \(ranksPerNode): must be 1 to \(Self.most)")
    }
    if machine != nil && saveMachine != nil {
      throw ValidationError("--save-machine keeps what is measured, --machine measures nothing: give one of them")
    }
    if let latency, Quantity.seconds(latency) == nil {
      throw ValidationError("--latency \(latency): write a time such as 50us or 1ms")
    }
    if let bandwidth, Quantity.bytesPerSecond(bandwidth) == nil {
      throw ValidationError("--bandwidth \(bandwidth): write a rate such as 10gbit, 100mbit or 1.25GB")
    }
    guard coreSlowdown >= 0.1, coreSlowdown <= 100 else {
      throw ValidationError("--core-slowdown \(coreSlowdown): must be 0.1 to 100")
    }
  }

  /// Far more than any cluster has; a typing error must not make a table for a million.
  private static let most = 65_536

  func run() throws {
    Session.run(stallTimeoutSeconds: Watchdog.usualSeconds) { communicator, logger in
      var recipe = try recipe.resolve(on: communicator, logger: nil)
      let (dataset, dataBytes) = try standIn.data(of: recipe, on: communicator, logger: logger)
      let layout = Layout(nodes: nodes, ranksPerNode: ranksPerNode, threads: threads.threads)
      // A plan is asked for before it is known which batch so many ranks take.
      let raised = layout.ranks > recipe.training.batchSize ? layout.ranks : nil
      if let raised {
        logger.notice(
          """
          training.batchSize=\(recipe.training.batchSize) cannot be split over \(layout.ranks) ranks: this is the plan of \
          training.batchSize=\(raised), an image a rank
          """)
        recipe.training.batchSize = raised
      }
      let costs = try communicator.together {
        try IterationCosts(
          recipe: recipe, dataset: dataset, rankCount: layout.ranks, threads: layout.threads, settings: settings,
          dataBytes: dataBytes)
      }
      guard let machine = try speed(of: recipe, dataset, costs, communicator, logger) else { return }
      let forecast = Forecast(
        workload: costs.workload, machine: machine, overlap: overlap ? Overlap() : .none, slowdown: coreSlowdown)
      let report = ForecastReport(
        forecast, layout: layout, needs: costs.rank, arguments: trainArguments(batchSize: raised))
      print(json ? report.json : report.text)
    }
  }

  /// What the machine can do, read or measured; nil on all ranks but the first.
  private func speed(
    of recipe: Recipe, _ dataset: Dataset, _ costs: IterationCosts, _ communicator: any Communicator, _ logger: Logger
  ) throws -> Machine? {
    if let path = machine {
      let read = try communicator.together { () throws -> Machine? in
        guard communicator.rank == 0 else { return nil }
        let machine: Machine
        do { machine = try MachineFile.read(path) } catch let error as MachineFileError {
          throw Failure(error.description, code: .data)
        } catch let error as FileError {
          throw Failure(error.description, code: .noInput)
        }
        if let problem = machine.problem(for: costs.workload, threads: threads.threads) {
          throw Failure("\(path) \(problem); measure again with --save-machine", code: .data)
        }
        return machine
      }
      return read.map { machine in
        var machine = machine
        if latency != nil || bandwidth != nil { machine.network = network(else: machine.network) }
        return machine
      }
    }
    let crew = try Crew(threads, communicator)
    crew.warn(logger)
    let single = Layout(nodes: 1, ranksPerNode: ranksPerNode, threads: threads.threads)
    let measured = try Machine(
      measuring: recipe, dataset: dataset, mostImages: single.localBatch(ofGlobal: recipe.training.batchSize) ?? 1,
      communicator: communicator, team: crew.team, settings: settings, network: network(else: .assumed))
    try communicator.together {
      if communicator.rank == 0, let saveMachine { try MachineFile.write(measured, to: saveMachine) }
    }
    return communicator.rank == 0 ? measured : nil
  }

  /// Over several nodes the discriminator takes its real images first, unless measuring at the start of a run finds that
  /// this does not pay.
  private var settings: ReductionSettings {
    var settings = ReductionSettings()
    guard overlap else { return settings }
    let assumed = Overlap()
    (settings.bucketBytes, settings.bucketsInFlight) = (assumed.bucketBytes, assumed.bucketsInFlight)
    settings.splitsDiscriminator = nodes > 1
    return settings
  }

  private func network(else known: Machine.Network) -> Machine.Network {
    var network = known
    if latency != nil || bandwidth != nil { network.origin = .given }
    if let seconds = latency.flatMap(Quantity.seconds) { network.latencySeconds = seconds }
    if let rate = bandwidth.flatMap(Quantity.bytesPerSecond) { network.bytesPerSecond = rate }
    return network
  }

  /// - Parameter batchSize: where it is not the recipe's.
  private func trainArguments(batchSize: Int?) -> [String] {
    var arguments = ["train", "--recipe", recipe.recipe ?? Recipe.embedded[0].name]
    for setting in recipe.settings { arguments += ["--set", setting] }
    if let batchSize { arguments += ["--set", "training.batchSize=\(batchSize)"] }
    if let data = recipe.data { arguments += ["--data", data] }
    if recipe.omissions.skipUnreadable { arguments.append("--skip-unreadable") }
    if recipe.omissions.dropNonFinite { arguments.append("--drop-nonfinite") }
    if let seed = recipe.seed { arguments += ["--seed", String(seed)] }
    return arguments + ["--output", "runs/planned"]
  }
}
