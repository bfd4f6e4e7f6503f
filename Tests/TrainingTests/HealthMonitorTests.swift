import Testing

@testable import Training

@Suite struct HealthMonitorTests {
  private func monitor(_ change: (inout Recipe.Health) -> Void) -> HealthMonitor {
    var settings = Recipe.Health()
    settings.window = 20
    settings.gradientNormDeviations = 4
    change(&settings)
    return HealthMonitor(settings)
  }

  /// So many ordinary steps, norms between 0.9 and 1.1.
  private func accustom(_ monitor: inout HealthMonitor, steps: Int = 40) {
    for step in 0..<steps {
      let norm = 1 + 0.1 * Float(step % 3 - 1)
      #expect(monitor.examine(.generator, loss: 1, norm: norm) == nil)
      #expect(monitor.examine(.discriminator, loss: 1, norm: norm) == nil)
    }
  }

  @Test("a gradient far above the usual ones is found, one a little above is not")
  func outlier() throws {
    var watched = monitor { $0.gradientNorm = .skip }
    #expect(watched.normLimit(of: .generator) == .infinity, "nothing is usual yet")
    accustom(&watched)
    let limit = watched.normLimit(of: .generator)
    #expect(limit > 1.2 && limit < 2)
    #expect(watched.examine(.generator, loss: 1, norm: 1.2) == nil)
    #expect(watched.isHealthy)
    let found = watched.examine(.generator, loss: 1, norm: 100)
    let incident = try #require(found)
    #expect(incident.detector == .gradientNorm && incident.action == .skip)
    #expect(incident.reason.contains("the generator's gradient has length 100.0, usual is "))
    #expect(!watched.isHealthy)
    #expect(watched.normLimit(of: .discriminator) < 2, "the other network has its own window")
    // One outlier does not make the next one usual, a hundred do.
    #expect(watched.examine(.generator, loss: 1, norm: 50) != nil)
    for _ in 0..<400 { _ = watched.examine(.generator, loss: 1, norm: 100) }
    #expect(watched.examine(.generator, loss: 1, norm: 100) == nil)
  }

  @Test("a warning comes once for outliers in a row")
  func oneWarning() {
    var watched = monitor { $0.gradientNorm = .warn }
    accustom(&watched)
    #expect(watched.normLimit(of: .generator) == .infinity, "a warning leaves nothing out")
    #expect(watched.examine(.generator, loss: 1, norm: 100) != nil)
    #expect(watched.examine(.generator, loss: 1, norm: 100) == nil)
  }

  @Test("what is not finite is found as the recipe says, and a hundred in a row stop the run")
  func nonFinite() {
    for action in [HealthAction.skip, .rollBack, .stop] {
      var watched = monitor { $0.nonFinite = action }
      #expect(!watched.letsNonFinitePass)
      let incident = watched.examine(.discriminator, loss: .nan, norm: 1)
      #expect(incident?.detector == .nonFinite && incident?.action == action)
      #expect(!watched.isHealthy)
    }
    var off = monitor { $0.nonFinite = .off }
    #expect(off.letsNonFinitePass)
    #expect(off.examine(.generator, loss: 1, norm: .infinity) == nil)
    var watched = monitor { $0.nonFinite = .skip }
    for _ in 0..<100 {
      #expect(watched.examine(.generator, loss: .infinity, norm: .nan)?.action == .skip)
    }
    #expect(watched.examine(.generator, loss: .infinity, norm: .nan)?.action == .stop)
  }

  @Test("a discriminator that is always right is found once the window is full, and again after it has recovered")
  func saturation() {
    var watched = monitor { $0.saturation = .skip }
    for _ in 0..<19 { #expect(watched.examineAccuracy(real: 1, fake: 1) == nil) }
    #expect(watched.normLimit(of: .discriminator) == .infinity)
    #expect(watched.examineAccuracy(real: 1, fake: 1)?.detector == .saturation)
    #expect(watched.normLimit(of: .discriminator) < 0, "the discriminator waits")
    #expect(watched.normLimit(of: .generator) == .infinity)
    #expect(watched.examineAccuracy(real: 1, fake: 1) == nil, "said once")
    for _ in 0..<20 { _ = watched.examineAccuracy(real: 1, fake: 0.5) }
    #expect(watched.isHealthy)
    #expect(watched.normLimit(of: .discriminator) == .infinity)
    var found = 0
    for _ in 0..<200 { if watched.examineAccuracy(real: 1, fake: 1) != nil { found += 1 } }
    #expect(found == 1)
  }

  @Test("right on one kind of image alone is no saturation")
  func oneSided() {
    var watched = monitor { $0.saturation = .stop }
    for _ in 0..<100 { #expect(watched.examineAccuracy(real: 1, fake: 0.2) == nil) }
  }

  @Test("samples that are all alike are found, named by their class")
  func collapse() throws {
    var watched = monitor { $0.collapse = .rollBack }
    #expect(watched.examineSpread(0.11, className: "seven") == nil)
    let found = watched.examineSpread(0.0123456, className: "seven")
    let incident = try #require(found)
    #expect(incident.reason == "samples of class seven differ 0.0123 times as much as real images")
    #expect(!watched.isHealthy)
  }

  @Test("rolling back slows down, as often as the recipe allows")
  func slowDown() {
    var watched = monitor {
      $0.rollBackFactor = 0.25
      $0.mostRollBacks = 2
    }
    let saved = watched
    for (factor, isAllowed) in [(0.25, true), (0.0625, true), (0.015625, false)] {
      let before = watched
      watched = saved
      #expect(watched.slowDown(after: before) == isAllowed)
      #expect(watched.learningRateFactor == factor)
    }
  }

  @Test("the state of a checkpoint is the state that was, to the last bit")
  func state() {
    var watched = monitor { $0.gradientNorm = .warn }
    accustom(&watched)
    _ = watched.examine(.generator, loss: 1, norm: 99)
    _ = watched.examineAccuracy(real: 0.9, fake: 0.7)
    _ = watched.slowDown(after: watched)
    let text = watched.state.text
    #expect(HealthMonitor.State(text: text) == watched.state)
    #expect(HealthMonitor.State(text: text + " future=3ff0000000000000") == watched.state, "of a newer version")
    #expect(HealthMonitor.State(text: "") == HealthMonitor.State(), "of the first version")
  }
}
