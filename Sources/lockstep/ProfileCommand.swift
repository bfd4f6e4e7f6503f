import ArgumentParser
import Communication
import Files
import Kernels
import Reporting
import Training

struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile", abstract: "Measures whole training iterations, and where their time goes.",
    discussion: """
      Data, noise, reductions, Adam and averages are part of an iteration; the warm-up is not measured. An image counts \
      once per iteration. Nothing is written.

        lockstep profile --recipe dense-reference --set training.batchSize=256
        cluster/run.sh -n 2 -- profile --json
      """)

  @OptionGroup var recipe: RecipeOptions

  @Option(help: ArgumentHelp("Iterations to measure (default: about ten seconds of them).", valueName: "K"))
  var iterations: Int?

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var communication: CommunicationOptions

  @Option(help: ArgumentHelp("Lines of the table of operations.", valueName: "N"))
  var top = 20

  @Flag(help: "One line of JSON in place of the table, with all operations.")
  var json = false

  @Flag(help: "Measure this machine's largest products instead: 2048 × 2048 × 2048 by OpenBLAS.")
  var peak = false

  func validate() throws {
    if let iterations, iterations < 1 { throw ValidationError("--iterations \(iterations): must be at least 1") }
    guard top >= 0 else { throw ValidationError("--top \(top): must be 0 or more") }
  }

  func run() throws {
    Session.run { communicator, logger in
      if peak {
        if let note = StartUp.note { logger.notice("\(note)") }
        let crew = try Crew(threads, communicator)
        crew.warn(logger)
        let speed = PeakProduct.measure(on: crew.team)
        if communicator.rank == 0 { print("\(StartUp.coreName) kernels: \(decimal(speed, 1)) GFLOP/s a process") }
        return
      }
      let said = communicator.notes.count
      let recipe = try recipe.resolve(on: communicator)
      let dataset = try recipe.loadDataset(on: communicator)
      let crew = try Crew(threads, communicator)
      let tuning = try communication.tuning(
        recipe: recipe, dataset: dataset, resumed: nil, communicator: communicator, team: crew.team)
      let trainer = try Trainer(
        recipe: recipe, dataset: dataset, communicator: communicator, team: crew.team,
        settings: tuning.settings)
      crew.warn(logger)
      if let note = StartUp.note { logger.notice("\(note)") }
      for note in communicator.notes.dropFirst(said) { logger.notice("\(note)") }
      if let words = tuning.words(on: communicator) { logger.info("\(words)") }
      let profile = try Profile(measuring: trainer, iterations: iterations, threads: trainer.threads)
      guard communicator.rank == 0 else { return }
      if json { print(profile.json) } else { show(profile) }
    }
  }

  private func show(_ profile: Profile) {
    print(
      """
      \(grouped(Int(profile.imagesPerSecond))) images/s on \(profile.ranks) × \(profile.threads) (ranks × threads), \
      \(grouped(profile.iterations)) iterations
      discriminator \(decimal(profile.discriminatorMilliseconds, 3)) ms, generator \
      \(decimal(profile.generatorMilliseconds, 3)) ms an iteration; peak resident \
      \(decimal(profile.peakResidentMegabytes, 1)) MB\(communicationLine(profile))
      operations of a rank move \(decimal(profile.megabytesMoved, 1)) MB an iteration, \
      \(decimal(profile.megabytesUnfused, 1)) MB if none were fused

            ms  GFLOP/s  share  phase                 operation
      """)
    for operation in profile.operations.prefix(top) {
      print(
        decimal(operation.milliseconds, 4, width: 8) + decimal(operation.gigaflopsPerSecond, 1, width: 9)
          + decimal(100 * operation.share, 1, width: 5) + " %  " + padded(operation.phase, 22)
          + "\(operation.name)  \(operation.layer)")
    }
  }
}

/// What a process waits for in the others, and what would help; nothing for a process alone.
private func communicationLine(_ profile: Profile) -> String {
  guard profile.ranks > 1 else { return "" }
  var line =
    "\ncommunication \(decimal(100 * profile.communicationShare, 1)) % of an iteration: waiting for gradients "
    + "\(decimal(profile.gradientWaitMilliseconds, 3)) ms, norm statistics "
    + "\(decimal(profile.statisticsMilliseconds, 3)) ms"
  if profile.bytesSent > 0 {
    line +=
      "; \(decimal(profile.messagesSent, 1)) messages, \(decimal(profile.bytesSent * 1e-6, 3)) MB sent to other machines"
  }
  if profile.statisticsShare > 0.1 { line += "\n--set norm.statistics=node would keep statistics within a machine" }
  return line
}

extension Profile {
  /// One line; the keys are part of the interface.
  var json: String {
    let line = LineBuffer(capacity: 4096 + 512 * operations.count)
    line.beginObject()
    line.field("imagesPerSecond", imagesPerSecond)
    line.field("discriminatorMilliseconds", discriminatorMilliseconds)
    line.field("generatorMilliseconds", generatorMilliseconds)
    line.field("gradientWaitMilliseconds", gradientWaitMilliseconds)
    line.field("statisticsMilliseconds", statisticsMilliseconds)
    line.field("communicationShare", communicationShare)
    line.field("messagesSent", messagesSent)
    line.field("bytesSent", bytesSent)
    line.field("peakResidentMegabytes", peakResidentMegabytes)
    line.field("megabytesMoved", megabytesMoved)
    line.field("megabytesUnfused", megabytesUnfused)
    line.field("ranks", ranks)
    line.field("threads", threads)
    line.field("iterations", iterations)
    line.beginArray("operations")
    for operation in operations {
      line.beginElement()
      line.field("phase", text: operation.phase)
      line.field("name", text: operation.name)
      line.field("layer", text: operation.layer)
      line.field("milliseconds", operation.milliseconds)
      line.field("gigaflopsPerSecond", operation.gigaflopsPerSecond)
      line.field("share", operation.share)
      line.endObject()
    }
    line.endArray()
    line.endObject()
    return String(decoding: line.contents, as: UTF8.self)
  }
}
