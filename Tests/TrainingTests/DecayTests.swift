import Testing

@testable import Training

@Suite struct DecayTests {
  /// Of `iterations`, straight down to `end` from the share `start` on.
  private func recipe(
    _ iterations: Int, decay: LearningRateDecay = .linear, from start: Double = 0, to end: Double = 0, over: Int? = nil
  ) -> Recipe {
    var recipe = Recipe()
    recipe.training.iterations = iterations
    recipe.training.learningRateDecay = decay
    (recipe.training.learningRateDecayStart, recipe.training.learningRateEnd) = (start, end)
    recipe.training.learningRateIterations = over
    return recipe
  }

  private func goingOn(_ recipe: Recipe, from saved: Recipe, at iteration: Int) -> Recipe {
    var recipe = recipe
    recipe.continueDecay(of: saved, at: iteration)
    return recipe
  }

  @Test("rates go down over their own iterations, and stay where the last of them left them")
  func factors() {
    let all = recipe(100)
    #expect(all.learningRateFactor(iteration: 0) == 1)
    #expect(abs(all.learningRateFactor(iteration: 99) - 0.01) < 1e-12)
    let some = recipe(300, over: 100)
    for iteration in 0..<100 {
      #expect(some.learningRateFactor(iteration: iteration) == all.learningRateFactor(iteration: iteration))
    }
    for iteration in [100, 101, 299] {
      #expect(some.learningRateFactor(iteration: iteration) == all.learningRateFactor(iteration: 99))
    }
    #expect(recipe(50, over: 100).learningRateFactor(iteration: 49) == all.learningRateFactor(iteration: 49))
    #expect(recipe(100, decay: .none, over: 1).learningRateFactor(iteration: 70) == 1)
  }

  @Test(
    "rates that have begun to fall keep their length, others take the new one",
    arguments: [
      // Finished and prolonged; shortened; killed at half; not begun under either; begun under the new one only.
      (100, 0.0, 100, 200, 100), (1000, 0.5, 700, 800, 1000), (100, 0, 50, 200, 100), (1000, 0.5, 400, 2000, nil),
      (1000, 0.5, 400, 900, nil), (1000, 0.5, 400, 600, 1000), (1000, 0.5, 501, 5000, 1000),
      (1000, 0.5, 500, 5000, nil),
      // The start itself, and no change.
      (100, 0, 0, 200, nil), (100, 0, 60, 100, nil),
    ] as [(Int, Double, Int, Int, Int?)])
  func lengths(old: Int, start: Double, iteration: Int, new: Int, kept: Int?) {
    for decay in [LearningRateDecay.linear, .cosine] {
      let (saved, asked) = (recipe(old, decay: decay, from: start), recipe(new, decay: decay, from: start))
      let found = goingOn(asked, from: saved, at: iteration)
      #expect(found.training.learningRateIterations == kept)
      // No step up, whatever was chosen.
      #expect(
        found.learningRateFactor(iteration: iteration) <= saved.learningRateFactor(iteration: max(0, iteration - 1)))
      // Whoever goes on again, or with yet another number, does the same.
      #expect(goingOn(found, from: found, at: iteration + 1).yaml == found.yaml)
      guard let kept else { continue }
      #expect(goingOn(recipe(9 * new, decay: decay, from: start), from: found, at: new).decayIterations == kept)
    }
  }

  @Test("what is asked for is done: another decay, another length")
  func asked() {
    let saved = recipe(100)
    #expect(goingOn(recipe(200, over: 200), from: saved, at: 100).learningRateFactor(iteration: 100) == 0.5)
    #expect(goingOn(recipe(200, decay: .cosine), from: saved, at: 100).decayIterations == 200)
    #expect(goingOn(recipe(200, to: 0.1), from: saved, at: 100).decayIterations == 200)
    #expect(goingOn(recipe(200), from: recipe(150, over: 120), at: 150).training.learningRateIterations == 120)
    #expect(goingOn(recipe(200, decay: .none), from: recipe(100, decay: .none), at: 100).decayIterations == 200)
  }

  @Test("a line tells both rates wherever they are not full, or go down otherwise than before")
  func words() {
    func words(_ recipe: Recipe, _ saved: Recipe, _ iteration: Int) -> String? {
      recipe.decayWords(goingOnFrom: saved, at: iteration)
    }
    let saved = recipe(2200, from: 0.5, to: 0.05)
    #expect(
      words(recipe(3000, from: 0.5, to: 0.05, over: 2200), saved, 2200)
        == "learning rates stay at 5.1 % of their start, where iteration 2,200 left them; "
        + "--set training.learningRateIterations=3000 spreads the decay over all iterations, at 56 % now")
    #expect(
      words(recipe(200), recipe(100), 100)
        == "learning rates rise from 1 % to 50 % of their start, and are at 0.5 % in the last iteration: "
        + "they go down over 200 iterations, before over 100")
    #expect(
      words(recipe(200, over: 100), recipe(100), 50)
        == "learning rates go on at 50 % of their start, down to 1 % in iteration 100, and stay there; "
        + "--set training.learningRateIterations=200 spreads the decay over all iterations, at 75 % now")
    #expect(
      words(recipe(100), recipe(100), 60)
        == "learning rates go on at 40 % of their start, down to 1 % in the last iteration")
    #expect(
      words(recipe(3000, from: 0.5, to: 0.05), saved, 100)
        == "learning rates are full yet, and are at 5.1 % in the last iteration: "
        + "they go down over 3,000 iterations, before over 2,200")
    #expect(
      words(recipe(100, decay: .none), recipe(100), 50)
        == "learning rates rise from 51 % to 100 % of their start, and stay there")
    #expect(words(saved, saved, 100) == nil)
    #expect(words(recipe(200, decay: .none), recipe(100, decay: .none), 50) == nil)
  }

  @Test("the key is read, written and free to change where a run goes on")
  func key() throws {
    let set = try Recipe(yaml: "", origin: "", settings: ["training.learningRateIterations=70"])
    #expect(set.training.learningRateIterations == 70)
    #expect(try Recipe(yaml: set.yaml, origin: "").training.learningRateIterations == 70)
    try set.checkContinues(Recipe())
    #expect(throws: Failure.self) {
      try Recipe(yaml: "", origin: "", settings: ["training.learningRateIterations=0"])
    }
  }
}
