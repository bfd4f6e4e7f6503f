import Files
import Optimization

// What becomes of the learning rates over a run, and where it goes on with another number of iterations than it had.

extension Recipe {
  /// Over how many iterations the learning rates go down.
  var decayIterations: Int { training.learningRateIterations ?? training.iterations }

  /// The share of a learning rate that an iteration, counted from 0, is trained with.
  ///
  /// Beyond the decay's iterations it stays where the last of them had it: an end of 0 would train nothing.
  func learningRateFactor(iteration: Int) -> Double { learningRateFactor(iteration: iteration, over: decayIterations) }

  private func learningRateFactor(iteration: Int, over total: Int) -> Double {
    learningRateSchedule.factor(iteration: min(iteration, total - 1), of: total)
  }

  /// Settles over how many iterations the rates go down in a run that another recipe has begun; kept in the recipe, so
  /// that whoever goes on once more does the same.
  ///
  /// While the rates have not begun to fall, over the old length and over the new one, the new one counts. Once they have,
  /// the old one stays: going on raises no rate.
  ///
  /// A recipe that differs in the keys of the decay has been asked for what it says.
  ///
  /// - Parameters:
  ///   - saved: of the checkpoint; one of an earlier version goes by its `training.iterations`.
  ///   - iteration: how many are done.
  public mutating func continueDecay(of saved: Recipe, at iteration: Int) {
    guard learningRateSchedule == saved.learningRateSchedule,
      [nil, saved.training.learningRateIterations].contains(training.learningRateIterations)
    else { return }
    if let settled = saved.training.learningRateIterations {
      training.learningRateIterations = settled
      return
    }
    let (old, new) = (saved.training.iterations, training.iterations)
    let hasBegun = [old, new].contains { learningRateFactor(iteration: iteration, over: $0) < 1 }
    if hasBegun, old != new { training.learningRateIterations = old }
  }
}

extension Recipe {
  /// One line on what the learning rates do where a run goes on: before and now, as shares of those it started with; nil
  /// where they are full and nothing about that has changed.
  ///
  /// - Parameters:
  ///   - iteration: how many are done.
  ///   - isPlanned: whether the number of iterations may still change.
  public func decayWords(goingOnFrom saved: Recipe, at iteration: Int, isPlanned: Bool = false) -> String? {
    let (end, before, now) = (
      decayIterations, saved.learningRateFactor(iteration: max(0, iteration - 1)),
      learningRateFactor(iteration: iteration)
    )
    let hasMoved = saved.learningRateSchedule != learningRateSchedule || saved.decayIterations != end
    guard learningRateSchedule != .constant || saved.learningRateSchedule != .constant,
      hasMoved || before < 1 || now < 1 || end != training.iterations
    else { return nil }
    let last = learningRateFactor(iteration: training.iterations - 1)
    guard !hasMoved else {
      let verb = now > before * (1 + 1e-9) ? "rise" : "go"
      let ways =
        learningRateSchedule == .constant
        ? "and stay there"
        : "and are at \(percent(last)) in the last iteration: they go down over \(grouped(end)) iterations, "
          + "before over \(grouped(saved.decayIterations))"
      return before == 1 && now == 1
        ? "learning rates are full yet, \(ways)"
        : "learning rates \(verb) from \(percent(before)) to \(percent(now)) of their start, \(ways)"
    }
    let length = isPlanned ? "none" : "\(training.iterations)"
    let spread =
      "; --set training.learningRateIterations=\(length) spreads the decay over all iterations, at "
      + percent(learningRateFactor(iteration: iteration, over: training.iterations)) + " now"
    if end == training.iterations {
      return "learning rates go on at \(percent(now)) of their start, down to \(percent(last)) in the last iteration"
    }
    if iteration >= end {
      return "learning rates stay at \(percent(now)) of their start, where iteration \(grouped(end)) left them" + spread
    }
    let most = min(end, training.iterations)
    return
      "learning rates go on at \(percent(now)) of their start, down to \(percent(last)) in iteration \(grouped(most))"
      + (end < training.iterations ? ", and stay there" : ", as over \(grouped(end))") + spread
  }

  /// `43 %`, `5.1 %`, `0.91 %`.
  private func percent(_ share: Double) -> String {
    let hundred = 100 * share
    // Few digits, but no small share becomes 0.
    let unit: Double = hundred >= 10 ? 1 : hundred >= 1 ? 10 : hundred >= 0.1 ? 100 : 10_000
    let text = "\((hundred * unit).rounded() / unit)"
    return (text.hasSuffix(".0") ? String(text.dropLast(2)) : text) + " %"
  }
}
