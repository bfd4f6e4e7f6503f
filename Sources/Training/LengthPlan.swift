/// How long a run is to train, from a moment on.
public struct TrainingDuration: Sendable {
  public let seconds: Double
  /// On the monotonic clock; rank 0's counts.
  public let start: Double
  /// Of a run that goes on: whether its learning rates go down over all iterations, whatever they did before.
  public let spreadsDecay: Bool

  public init(seconds: Double, start: Double, spreadsDecay: Bool = false) {
    (self.seconds, self.start, self.spreadsDecay) = (seconds, start, spreadsDecay)
  }
}

/// How many iterations fit into a time, as rank 0 has measured them on the way.
///
///     elapsed + n · iteration + evaluations(n) · evaluation + end  ≤  time
///
/// First after three iterations, the first of which is not counted; then after a sixteenth of what is left, then after
/// quarters of it. Another number than before is planned where the old one would miss the end by a hundredth of the time.
struct LengthPlan {
  let duration: TrainingDuration
  /// Where the run stood at the start, and its recipe's number of iterations between evaluations; 0: at the end only.
  let firstIteration: Int
  let evaluationEvery: Int

  /// Iterations in all; nil until they are planned.
  private(set) var iterations: Int?
  /// When to look next; the same on every rank.
  private(set) var nextIteration: Int
  /// Told last.
  private(set) var toldIterations: Int?

  /// Of rank 0, since the first iteration ended.
  private var measured: (start: Double, iterations: Int, evaluating: Double)?
  /// The same, since the last look.
  private var recent: (start: Double, iterations: Int, evaluating: Double) = (0, 0, 0)
  /// Of an evaluation; until there has been one, what its preparation took.
  private var evaluationSeconds: Double
  /// Saving and reporting at the end.
  private var endSeconds: Double

  private static let warmUp = 3
  private static let tolerance = 0.01
  private static let toldTolerance = 0.1
  /// What a first save is reckoned with: a local disk.
  private static let bytesPerSecond = 400e6

  init(
    _ duration: TrainingDuration, firstIteration: Int, evaluationEvery: Int, evaluationSeconds: Double, stateBytes: Int
  ) {
    (self.duration, self.firstIteration, self.evaluationEvery) = (duration, firstIteration, evaluationEvery)
    self.evaluationSeconds = evaluationSeconds
    endSeconds = 0.05 + Double(stateBytes) / Self.bytesPerSecond
    nextIteration = firstIteration + Self.warmUp
  }

  mutating func learn(saveSeconds: Double) { endSeconds = 0.05 + saveSeconds }

  mutating func learn(evaluationSeconds seconds: Double) {
    evaluationSeconds = seconds
    measured?.evaluating += seconds
    recent.evaluating += seconds
  }

  /// An iteration has ended.
  mutating func count(now: Double) {
    guard measured != nil else {
      measured = (now, 0, 0)
      recent = (now, 0, 0)
      return
    }
    measured?.iterations += 1
    recent.iterations += 1
  }

  /// Seconds of an iteration: half as of late, half since the start.
  func iterationSeconds(now: Double) -> Double {
    let mean = { (part: (start: Double, iterations: Int, evaluating: Double)) in
      max(1e-9, (now - part.start - part.evaluating) / Double(max(1, part.iterations)))
    }
    let all = measured.map(mean) ?? 1
    return recent.iterations > 0 ? (all + mean(recent)) / 2 : all
  }

  /// Seconds that going on from `iteration` to `last` takes.
  private func seconds(from iteration: Int, to last: Int, iterationSeconds: Double) -> Double {
    var evaluations = 1
    if evaluationEvery > 0 {
      // That of this iteration is still to come.
      evaluations += (last - 1) / evaluationEvery - max(0, iteration - 1) / evaluationEvery
    }
    return Double(last - iteration) * iterationSeconds + Double(evaluations) * evaluationSeconds + endSeconds
  }

  /// What to plan and when to look again; rank 0's.
  mutating func look(at iteration: Int, now: Double) -> (iterations: Int, next: Int) {
    let each = iterationSeconds(now: now)
    let left = duration.start + duration.seconds - now
    // At least one more, at most what the time would hold without evaluations.
    var (low, high) = (iteration + 1, iteration + max(1, Int(min(1e12, max(0, left) / each))))
    while low < high {
      let middle = (low + high + 1) / 2
      if seconds(from: iteration, to: middle, iterationSeconds: each) <= left {
        low = middle
      } else {
        high = middle - 1
      }
    }
    recent = (now, 0, 0)
    var planned = low
    if let old = iterations, old > iteration {
      let miss = abs(seconds(from: iteration, to: old, iterationSeconds: each) - left)
      if miss <= Self.tolerance * duration.seconds { planned = old }
    }
    let rest = planned - iteration
    let isFirst = iterations == nil
    let step = max(1, rest / (isFirst ? 16 : 4))
    return (planned, rest > 1 && (isFirst || rest >= 16) ? iteration + step : .max)
  }

  /// What rank 0 has found, on all ranks.
  mutating func take(iterations: Int, next: Int) { (self.iterations, nextIteration) = (iterations, next) }

  /// Whether the number has changed by so much that a reader should know; once it has been looked at twice.
  mutating func isToBeTold(isSecondLook: Bool) -> Bool {
    guard let iterations, isSecondLook || nextIteration == .max else { return false }
    if let told = toldIterations, abs(Double(iterations - told)) <= Self.toldTolerance * Double(told) { return false }
    toldIterations = iterations
    return true
  }
}
