import ArgumentParser
import Clocks
import Training

/// How long a run is to train: at most one of these.
struct LengthOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Iterations in all, those before a resume included (default: the recipe's).", valueName: "N"))
  var iterations: Int?

  @Option(
    help: ArgumentHelp(
      "Training samples to show in all, those before a resume included: as many iterations as batches hold so many.",
      valueName: "N"))
  var images: Int?

  @Option(
    help: ArgumentHelp(
      "Hours to train from this start on, whatever a run that is gone on with has had: how many iterations that makes is "
        + "measured at the start, and looked at again on the way; learning rates go down over these. The last "
        + "evaluation and checkpoint are included.",
      valueName: "H"))
  var hours: Double?

  /// As training.iterations.
  private static let most = 1_000_000_000_000
  private static let mostHours = 100_000.0

  func validate() throws {
    let given = [iterations.map { _ in "--iterations" }, images.map { _ in "--images" }, hours.map { _ in "--hours" }]
      .compactMap { $0 }
    guard given.count <= 1 else {
      throw ValidationError("\(given.joined(separator: " and ")) each say how long to train: give one of them")
    }
    if let iterations, iterations < 1 { throw ValidationError("--iterations \(iterations): must be at least 1") }
    if let iterations, iterations > Self.most {
      throw ValidationError("--iterations \(iterations): must be at most 10¹²")
    }
    if let images, !(1...Self.most).contains(images) {
      throw ValidationError("--images \(images): must be from 1 to 10¹²")
    }
    if let hours, !(hours > 0 && hours <= Self.mostHours) {
      throw ValidationError("--hours \(hours): must be above 0, and at most 100,000; 0.5 is half an hour")
    }
  }

  /// Whether the number of iterations is not left to the recipe.
  var isGiven: Bool { iterations != nil || images != nil || hours != nil }

  /// Sets what is known without measuring.
  func apply(to recipe: inout Recipe) {
    if let iterations { recipe.training.iterations = iterations }
    if let images {
      let batch = recipe.training.batchSize
      recipe.training.iterations = (images + batch - 1) / batch
    }
  }

  /// - Parameter spreadsDecay: whether the decay of the learning rates follows a recipe that asks for it.
  func duration(spreadsDecay: Bool) -> TrainingDuration? {
    hours.map {
      TrainingDuration(
        seconds: 3600 * $0, start: SystemClock.monotonic.seconds - 1e-9 * Double(StartTimes.sinceLaunch),
        spreadsDecay: spreadsDecay)
    }
  }
}
