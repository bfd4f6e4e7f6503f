#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension HealthMonitor {
  /// Looks at a phase that has run. Allocates nothing unless it finds something.
  ///
  /// - Parameter loss: of the network that was updated, over all ranks; so is `norm`.
  mutating func examine(_ network: TrainedNetwork, loss: Float, norm: Float) -> HealthIncident? {
    guard loss.isFinite, norm.isFinite else { return nonFinite(network, loss: loss, norm: norm) }
    state.skipsInRow = 0
    return outlier(network, norm: Double(norm))
  }

  private mutating func nonFinite(_ network: TrainedNetwork, loss: Float, norm: Float) -> HealthIncident? {
    guard settings.nonFinite != .off else { return nil }
    let isFirst = state.skipsInRow == 0
    state.skipsInRow += 1
    let reason = "the \(network.rawValue)'s loss is \(loss), the length of its gradient \(norm)"
    if state.skipsInRow > Self.mostSkipsInRow {
      return HealthIncident(
        detector: .nonFinite, action: .stop,
        reason: "\(reason), as in the \(Int(Self.mostSkipsInRow)) steps before")
    }
    if settings.nonFinite == .warn, !isFirst { return nil }
    return HealthIncident(detector: .nonFinite, action: settings.nonFinite, reason: reason)
  }

  private mutating func outlier(_ network: TrainedNetwork, norm: Double) -> HealthIncident? {
    let isDiscriminator = network == .discriminator
    let limit = logNormLimit(of: network)
    let logNorm = log(max(norm, 1e-30))
    let isOutlier = logNorm > limit && settings.gradientNorm != .off
    let series = isDiscriminator ? state.discriminatorNorm : state.generatorNorm
    let wasOutlier = (isDiscriminator ? state.discriminatorOutlier : state.generatorOutlier) == 1
    var updated = series
    // An outlier counts as the limit: one does not stretch the window, but a new level is learned in the end.
    updated.add(min(logNorm, limit), window: Double(settings.window))
    if isDiscriminator {
      state.discriminatorNorm = updated
      state.discriminatorOutlier = isOutlier ? 1 : 0
    } else {
      state.generatorNorm = updated
      state.generatorOutlier = isOutlier ? 1 : 0
    }
    guard isOutlier, !(wasOutlier && settings.gradientNorm == .warn) else { return nil }
    let usual = exp(series.mean)
    return HealthIncident(
      detector: .gradientNorm, action: settings.gradientNorm,
      reason:
        "the \(network.rawValue)'s gradient has length \(short(norm)), usual is \(short(usual)), the limit \(short(exp(limit)))"
    )
  }

  /// Looks at an iteration's accuracies: a discriminator that is always right teaches nothing.
  mutating func examineAccuracy(real: Float, fake: Float) -> HealthIncident? {
    guard settings.saturation != .off, real.isFinite, fake.isFinite else { return nil }
    let window = Double(settings.window)
    state.realAccuracy.add(Double(real), window: window)
    state.fakeAccuracy.add(Double(fake), window: window)
    let isFull = state.realAccuracy.count >= window
    let lowest = min(state.realAccuracy.mean, state.fakeAccuracy.mean)
    let was = state.isSaturated == 1
    // Left again a little below where it is entered, so that it does not flicker.
    let threshold = settings.saturationAccuracy - (was ? 0.05 : 0)
    state.isSaturated = isFull && lowest >= threshold ? 1 : 0
    guard state.isSaturated == 1, !was else { return nil }
    return HealthIncident(
      detector: .saturation, action: settings.saturation,
      reason: """
        over some \(settings.window) iterations the discriminator was right on \(short(state.realAccuracy.mean)) of real \
        and \(short(state.fakeAccuracy.mean)) of fake samples, so the generator learns next to nothing
        """)
  }

  /// Looks at an evaluation: samples of a class that are all alike.
  ///
  /// - Parameters:
  ///   - spread: of the class with the least, relative to real samples.
  ///   - noun: what samples are called.
  mutating func examineSpread(_ spread: Double, className: String, noun: String = "images") -> HealthIncident? {
    guard settings.collapse != .off else { return nil }
    let was = state.isCollapsed == 1
    state.isCollapsed = spread < settings.collapseSpread ? 1 : 0
    guard state.isCollapsed == 1, !was || settings.collapse != .warn else { return nil }
    return HealthIncident(
      detector: .collapse, action: settings.collapse.action,
      reason: "samples of class \(className) differ \(short(spread)) times as much as real \(noun)")
  }

  /// After a roll back: what the checkpoint restored, but slower, so that the same does not happen again.
  ///
  /// - Returns: false when that has been tried as often as the recipe allows.
  mutating func slowDown(after before: HealthMonitor) -> Bool {
    state.rollBacks = before.state.rollBacks + 1
    state.learningRateFactor = before.state.learningRateFactor * settings.rollBackFactor
    return state.rollBacks <= Double(settings.mostRollBacks)
  }
}

/// A number with three significant digits.
private func short(_ x: Double) -> String {
  guard x != 0, x.isFinite else { return String(x) }
  let unit = pow(10, floor(log10(abs(x))) - 2)
  let rounded = (x / unit).rounded()
  // Dividing by a power of ten that is exact gives the shortest digits.
  return String(unit < 1 ? rounded / (1 / unit).rounded() : rounded * unit)
}
