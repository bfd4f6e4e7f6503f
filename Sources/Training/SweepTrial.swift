import Clocks
import Communication
import Datasets
import Files
import Kernels
import Logging
import Reporting

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One trial with one seed on a group of ranks: goes on from its checkpoint where it has one, and records how it ended.
struct SweepTrial {
  let job: SweepPlan.Job
  let iterations: Int
  let measure: SweepMeasure
  let directory: SweepDirectory
  let group: any Communicator
  let team: ThreadTeam
  let signals: StopSignals?
  let stallTimeoutSeconds: Double?
  let showsProgress: Bool

  /// Images that `classAccuracyScore` trains its classifier on.
  private static let scoredSamples = 1_024

  /// - Returns: why the trial stopped before its end; nil once its result is recorded.
  func run() throws -> StopReason? {
    let start = SystemClock.monotonic.seconds
    // Its windows go with it.
    let communicator = try group.part(color: 0)
    var found: (value: Double?, measurement: String) = (nil, "")
    var failure: Failure?
    do {
      if let stop = try train(on: communicator, &found) {
        try communicator.close()
        return stop
      }
    } catch let shared as SharedFailure {
      failure = shared.failure
    } catch let error where communicator.size == 1 && !(error is CommunicationError) {
      failure = Failure(error)
    }
    if let code = failure?.code, code == .tryAgain || code == .interrupted {
      // Asked to stop while it read its data: it has not failed.
      try communicator.close()
      return code == .interrupted ? .interrupt : .requeue
    }
    // Disks that are full, and files that cannot be read, are no property of a trial.
    if let failure, [.cannotCreate, .inputOutput, .noInput, .unavailable].contains(failure.code) { throw failure }
    try communicator.close()
    if failure == nil, found.value == nil, group.rank == 0 {
      failure = Failure("its evaluation has no finite \(measure)", code: .general)
    }
    let result = SweepResult(
      trial: job.trial.index, seed: job.seed, iterations: iterations, value: failure == nil ? found.value : nil,
      failure: failure?.description, measurement: found.measurement, seconds: SystemClock.monotonic.seconds - start,
      ranks: group.size)
    try group.together { if group.rank == 0 { try directory.record(result, of: job) } }
    return nil
  }

  private func train(
    on communicator: any Communicator, _ found: inout (value: Double?, measurement: String)
  ) throws -> StopReason? {
    let isFirst = communicator.rank == 0
    let output = directory.run(job)
    let recipe = try communicator.together { try job.recipe(iterations: iterations) }
    try communicator.together {
      guard isFirst else { return }
      try Directories.create(output.path)
      // A link: where it cannot be made, the trial trains the same classifier.
      if !Directories.exists(output.classifier) { _ = link(directory.classifier.classifier, output.classifier) }
    }
    let quiet = Logger(label: "trial") { _ in SwiftLogNoOpLogHandler() }
    var options = CoordinatorOptions()
    options.showsProgress = showsProgress
    var guards = TrainingRun.Guards()
    (guards.stallTimeoutSeconds, guards.keepsTimeLimit) = (stallTimeoutSeconds, false)
    let run = try TrainingRun(
      recipe, output: output, spreadsDecay: true, on: communicator, team: team, signals: signals, options: options,
      guards: guards,
      logger: quiet)
    if case .stopped(let reason) = try run.run() { return reason }
    found = try communicator.together { isFirst ? try read(output) : (nil, "") }
    if measure == .classAccuracyScore { found.value = try score(run.trainer, output, quiet) }
    withExtendedLifetime(run) {}
    return nil
  }

  /// What the last evaluation says.
  private func read(_ output: RunDirectory) throws -> (value: Double?, measurement: String) {
    let history = try RunHistory(path: output.metrics)
    let last = history.last("evaluation")
    let value = last?.iteration == iterations ? last?.numbers[measure.key] : nil
    return (value, history.last("reference")?.texts["protocol"] ?? "")
  }

  private func score(_ trainer: Trainer, _ output: RunDirectory, _ logger: Logger) throws -> Double? {
    try trainer.refreshEvaluation()
    return try ClassCheck(trainer, output: output, logger: logger)?.classificationAccuracyScore(
      samples: max(Self.scoredSamples, trainer.recipe.evaluation.samples), iteration: trainer.iteration)
  }
}
