import Checkpoints
import Clocks
import Communication
import Datasets
import Kernels
import Programs

/// How a run sums its gradients, chosen by measuring.
public struct ReductionTuning {
  public let settings: ReductionSettings
  private let words: String

  /// One line for the reader, once the gradients have their memory; nil where the communicator's notes say it.
  public func words(on communicator: any Communicator) -> String? {
    communicator.size > 1 && communicator.notes.isEmpty ? words : nil
  }

  /// On one machine gradients are summed in shared memory, in one piece: nothing travels. Between machines the buckets that
  /// the network serves best; and the discriminator looks at real images first if what that costs is less than the time
  /// that the generator's gradients would be waited for.
  ///
  /// All ranks take part, and get the same.
  public init(
    recipe: Recipe, dataset: Dataset, models: ModelSource = .recipe, communicator: any Communicator, team: ThreadTeam
  ) throws {
    guard communicator.spansNodes else {
      settings = ReductionSettings()
      words = Self.words(settings, nil)
      return
    }
    let link = try LinkSpeed.measure(over: communicator)
    var settings = link.settings
    let joined = try StepTimes(recipe, dataset, models, communicator, team, settings)
    settings.splitsDiscriminator = true
    let split = try StepTimes(recipe, dataset, models, communicator, team, settings)
    // About half of the gradients are on their way before the last is ready.
    let wait = link.seconds(bytes: split.generatorBytes) / 2
    settings.splitsDiscriminator = split.seconds + max(0, wait - split.earlySeconds) < joined.seconds + wait
    self.settings = settings
    words = Self.words(settings, link)
  }

  /// What the resumed run did, if that was on ranks that lie as these do; else what measuring says.
  ///
  /// - Parameters:
  ///   - resumed: on rank 0, the checkpoint that the run goes on from.
  ///   - retunes: measure anew all the same.
  public init(
    resuming resumed: SafetensorsFile?, retunes: Bool = false, recipe: Recipe, dataset: Dataset,
    models: ModelSource = .recipe, communicator: any Communicator, team: ThreadTeam
  ) throws {
    let former = try communicator.broadcast(
      text: retunes ? "" : resumed.flatMap { Trainer.reduction(of: $0, on: communicator) } ?? "")
    if let kept = ReductionSettings(former) {
      self.init(kept)
    } else {
      try self.init(recipe: recipe, dataset: dataset, models: models, communicator: communicator, team: team)
    }
  }

  /// Settings that were chosen before.
  public init(_ settings: ReductionSettings) {
    self.settings = settings
    words = "gradients are summed by: \(settings)"
  }

  private static func words(_ settings: ReductionSettings, _ link: LinkSpeed?) -> String {
    guard let link else { return "gradients are summed in shared memory" }
    let speed = Int((link.bytesPerSecond * 1e-6).rounded())
    let latency = Double(Int((link.latencySeconds * 1e5).rounded())) / 100
    let passes = settings.splitsDiscriminator ? "real images and fakes in two passes" : "in one pass"
    return "gradients travel between machines in parts of \((settings.bucketBytes ?? 0) >> 10) KB, "
      + "\(settings.bucketsInFlight) at a time (\(speed) MB/s, \(latency) ms); the discriminator sees \(passes)"
  }
}

/// What a rank computes in an iteration, measured apart from the other ranks; the slowest rank's times.
private struct StepTimes {
  /// Of an iteration.
  let seconds: Double
  /// Of what the discriminator's step does before it needs the generator's update.
  let earlySeconds: Double
  let generatorBytes: Int

  init(
    _ recipe: Recipe, _ dataset: Dataset, _ models: ModelSource, _ communicator: any Communicator, _ team: ThreadTeam,
    _ settings: ReductionSettings
  ) throws {
    let measured = try communicator.together { () -> (whole: UInt64, early: UInt64, bytes: Int) in
      let trainer = try Trainer(
        recipe: recipe, dataset: dataset,
        communicator: IdleCommunicator(rank: communicator.rank, size: communicator.size), models: models, team: team,
        settings: settings)
      return try Self.measure(trainer)
    }
    seconds = Double(try communicator.maximum(of: Int64(measured.whole))) * 1e-9
    earlySeconds = Double(try communicator.maximum(of: Int64(measured.early))) * 1e-9
    generatorBytes = measured.bytes
  }

  /// The fastest of three iterations after one for warming up. The sums hold one rank's share only, so the guard lets no
  /// update pass.
  private static func measure(_ trainer: Trainer) throws -> (whole: UInt64, early: UInt64, bytes: Int) {
    let (inputs, programs) = (trainer.inputs, trainer.programs)
    let first = programs.discriminator.gradients
    var (whole, early) = (UInt64.max, UInt64.max)
    for round in 0..<4 {
      let start = SystemClock.monotonic.nanoseconds
      inputs.prepareDiscriminator(step: 0)
      try first.run(segment: 0)
      let before = SystemClock.monotonic.nanoseconds - start
      for segment in 1..<first.segmentCount { try first.run(segment: segment) }
      try programs.discriminator.update.run()
      inputs.prepareGenerator(step: 0)
      try programs.generator.gradients.run()
      try programs.generator.update.run()
      guard round > 0 else { continue }
      whole = min(whole, SystemClock.monotonic.nanoseconds - start)
      early = min(early, first.segmentCount > 1 ? before : 0)
    }
    return (whole, early, trainer.generator.summedBytes)
  }
}
