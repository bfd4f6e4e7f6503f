import Clocks
import Files

// A run that is to train for a time: how many iterations that makes.

extension Coordinator {
  /// - Parameter preparation: seconds that getting ready to judge samples took.
  func beginLengthPlan(preparation: Double) {
    guard let duration = options.duration else { return }
    givenRecipe = trainer.recipe
    lengthPlan = LengthPlan(
      duration, firstIteration: trainer.iteration, evaluationEvery: trainer.recipe.evaluation.every,
      evaluationSeconds: preparation, stateBytes: trainer.stateByteCount)
  }

  /// Behind an iteration, on all ranks: rank 0 plans how many there are to be, all take it over.
  func planLength() throws {
    guard lengthPlan != nil else { return }
    let now = SystemClock.monotonic.seconds
    lengthPlan?.count(now: now)
    if let seconds = keeper?.lastSaveSeconds { lengthPlan?.learn(saveSeconds: seconds) }
    guard let before = lengthPlan, trainer.iteration >= before.nextIteration else { return }
    var told: [Int64] = [0, 0, 0]
    if isFirstRank, let found = lengthPlan?.look(at: trainer.iteration, now: now) {
      told = [Int64(found.iterations), Int64(found.next), Int64(decayIterations(over: found.iterations) ?? 0)]
    }
    told = try communicator.broadcast(told, from: 0)
    lengthPlan?.take(iterations: Int(told[0]), next: Int(told[1]))
    trainer.recipe.training.iterations = Int(told[0])
    trainer.recipe.training.learningRateIterations = told[2] > 0 ? Int(told[2]) : nil
    progress?.totalIterations = Int(told[0])
    guard isFirstRank else { return }
    if before.iterations != Int(told[0]) { writeRecipe() }
    tellLength(isSecondLook: before.iterations != nil, speedSince: before)
  }

  /// The decay's iterations where there are `iterations` in all.
  private func decayIterations(over iterations: Int) -> Int? {
    guard var recipe = givenRecipe else { return nil }
    recipe.training.iterations = iterations
    if let savedRecipe, options.duration?.spreadsDecay == false {
      recipe.continueDecay(of: savedRecipe, at: lengthPlan?.firstIteration ?? 0)
    }
    return recipe.training.learningRateIterations
  }

  private func tellLength(isSecondLook: Bool, speedSince plan: LengthPlan) {
    let isFirst = plan.toldIterations == nil
    guard lengthPlan?.isToBeTold(isSecondLook: isSecondLook) == true else { return }
    let recipe = trainer.recipe
    let speed = Double(recipe.training.batchSize) / plan.iterationSeconds(now: SystemClock.monotonic.seconds)
    let decays =
      recipe.training.learningRateDecay != .none && recipe.decayIterations == recipe.training.iterations
      ? "; learning rates go down over these" : ""
    progress?.clear()
    logger.info(
      """
      \(hours(plan.duration.seconds)) hours are about \(grouped(recipe.training.iterations)) iterations\
      \(plan.firstIteration > 0 ? " in all" : "") at \(grouped(Int(speed.rounded()))) \
      \(trainer.dataset.layout.kind.noun) a second\(decays)
      """)
    if isFirst, let savedRecipe,
      let words = recipe.decayWords(goingOnFrom: savedRecipe, at: plan.firstIteration, isPlanned: true)
    {
      logger.info("\(words)")
    }
  }

  private func hours(_ seconds: Double) -> String {
    let hours = (seconds / 3600 * 1e6).rounded() / 1e6
    return hours == hours.rounded() && hours < 1e9 ? grouped(Int(hours)) : "\(hours)"
  }
}
