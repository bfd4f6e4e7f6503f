import Communication
import Files

/// All trials of a sweep, every one of them a recipe that has been checked.
public struct SweepPlan {
  public struct Trial: Sendable {
    public let index: Int
    /// `path=value` each.
    public let settings: [String]
    /// Without seed and number of iterations.
    let recipe: Recipe
    public var words: String { settings.joined(separator: ", ") }
  }

  /// A trial with one seed.
  public struct Job: Sendable {
    public let trial: Trial
    public let seed: Int

    /// Of its directory: `0003-seed-1`.
    public var name: String {
      let digits = String(trial.index)
      return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "-seed-\(seed)"
    }

    public func recipe(iterations: Int) throws -> Recipe {
      var recipe = trial.recipe
      try recipe.apply(setting: "seed=\(seed)")
      try recipe.apply(setting: "training.iterations=\(iterations)")
      return recipe
    }
  }

  private static let mostTrials = 100_000

  public let space: SweepSpace
  public private(set) var trials: [Trial] = []
  /// Iterations at which trials are compared; all but the last are halving's.
  public let rungs: [Int]

  /// - Throws: `Failure` naming the first trial that its recipe refuses.
  public init(_ space: SweepSpace) throws {
    self.space = space
    rungs = space.method == .halving ? Self.rungs(of: space) : [space.iterations]
    let base = try Self.base(space)
    var seen: Set<String> = []
    func take(_ settings: [(path: String, texts: [String])]) throws {
      let trial = try Self.trial(trials.count + 1, settings, base: base, space)
      guard seen.insert(trial.recipe.yaml).inserted else { return }
      trials.append(trial)
    }
    if space.method == .grid || space.method == .halving && space.trials == nil {
      var all: [[(path: String, texts: [String])]] = [[]]
      for axis in space.axes {
        let values = axis.range.values ?? []
        guard all.count * values.count <= Self.mostTrials else {
          throw space.wrong("space: more than \(grouped(Self.mostTrials)) trials; draw some with method: random")
        }
        all = all.flatMap { head in values.map { head + [(axis.path, $0)] } }
      }
      for settings in all { try take(settings) }
    } else {
      var random = SweepRandom(state: UInt64(space.drawSeed))
      let wanted = space.trials ?? 0
      // A space of few values may not have so many different ones.
      for _ in 0..<(20 * wanted) where trials.count < wanted {
        try take(space.axes.map { ($0.path, $0.range.draw(random.next())) })
      }
    }
    try checkComparable()
  }

  /// Of each rung, trial after trial, so that every trial is known as well as the others early on.
  public func jobs(of trials: [Trial]) -> [Job] {
    space.seeds.flatMap { seed in trials.map { Job(trial: $0, seed: seed) } }
  }

  /// Tells sweeps apart.
  public var digest: String {
    var digest = Digest()
    digest.update("\(space.method) \(space.measure) \(rungs) \(space.seeds) \(space.eta)")
    for trial in trials { digest.update(trial.recipe.yaml) }
    return String(digest.value, radix: 16)
  }

  /// The largest number of ranks that can share every trial.
  public var smallestBatch: Int { trials.map(\.recipe.training.batchSize).min() ?? 0 }

  /// r, r·η, r·η², …, and the last one.
  static func rungs(of space: SweepSpace) -> [Int] {
    var next = space.firstIterations ?? max(1, space.iterations / (space.eta * space.eta))
    var rungs: [Int] = []
    while next < space.iterations {
      rungs.append(next)
      next *= space.eta
    }
    return rungs + [space.iterations]
  }

  private static func base(_ space: SweepSpace) throws -> Recipe {
    let isFile = space.recipe.contains("/") || space.recipe.hasSuffix(".yaml") || space.recipe.hasSuffix(".yml")
    let text: String
    do {
      text = isFile ? try RecipeFile.text(of: space.recipe) : try Recipe.embedded(named: space.recipe).yaml
    } catch let failure as Failure where !isFile { throw space.wrong("recipe: \(failure.description)") }
    let data = space.data.map { ["data.source=\($0.recipeText)"] } ?? []
    do {
      // Trials are compared at their ends.
      return try Recipe(
        yaml: text, origin: space.recipe, settings: ["evaluation.every=0"] + space.settings + data)
    } catch let failure as Failure { throw space.wrong("set: \(failure.description)") }
  }

  private static func trial(
    _ index: Int, _ settings: [(path: String, texts: [String])], base: Recipe, _ space: SweepSpace
  ) throws -> Trial {
    var recipe = base
    var taken: [String] = []
    for (path, texts) in settings {
      var refusal: Failure?
      for text in texts {
        do {
          try recipe.apply(setting: "\(path)=\(text)", origin: "space: trial \(index)")
          taken.append("\(path)=\(text)")
          refusal = nil
          break
        } catch let failure as Failure { refusal = refusal ?? failure }
      }
      if let refusal { throw space.wrong(refusal.description) }
    }
    return Trial(index: index, settings: taken, recipe: recipe)
  }

  /// Trials that no classifier of classes can judge.
  var withoutClassifier: Failure {
    space.wrong("\(space.measure) needs a classifier: classes as conditions, evaluation.classifierIterations above 0")
  }

  /// Values of different protocols say nothing about each other.
  private func checkComparable() throws {
    guard let first = trials.first?.recipe else { return }
    guard first.evaluation.classifierIterations > 0, [.classes, .automatic].contains(first.model.conditionKind) else {
      throw withoutClassifier
    }
    for trial in trials {
      let recipe = trial.recipe
      guard (recipe.training.averageDecay == nil) == (first.training.averageDecay == nil),
        recipe.model.conditionKind == first.model.conditionKind,
        recipe.data.source == first.data.source, recipe.data.height == first.data.height,
        recipe.data.width == first.data.width, recipe.data.channels == first.data.channels
      else {
        throw space.wrong(
          "space: trial \(trial.index) (\(trial.words)) has other images, or averaged weights where others have live ones: "
            + "they cannot be compared")
      }
    }
  }
}
