import Testing

@testable import Forecasting

@Suite struct LinearFitTests {
  @Test("points on a line give the line")
  func exact() {
    let fit = LinearFit([(1, 5), (2, 7), (8, 19)])
    #expect(abs(fit.fixed - 3) < 1e-12 && abs(fit.slope - 2) < 1e-12)
    #expect(abs(fit.seconds(at: 100) - 203) < 1e-9)
    #expect(fit.largestError(over: [(1, 5), (2, 7), (2, 14)]).isApproximately(0.5))
  }

  @Test("one point gives a line through the origin")
  func onePoint() {
    #expect(LinearFit([(4, 2)]) == LinearFit(fixed: 0, slope: 0.5))
    #expect(LinearFit([(4, 2), (4, 2)]).fixed == 0)
  }

  @Test("neither part of a line is below zero")
  func notNegative() {
    // Through (1, 1) and (3, 9) the fixed part would be -3; least relative errors through the origin give Σx/t / Σx²/t².
    let steep = LinearFit([(1, 1), (3, 9)])
    #expect(steep.fixed == 0 && steep.slope.isApproximately((1 + 3.0 / 9) / (1 + 9.0 / 81)))
    // Falling times have no slope; the constant is Σ1/t / Σ1/t².
    let falling = LinearFit([(1, 2), (3, 1)])
    #expect(falling.slope == 0 && falling.fixed.isApproximately(1.5 / 1.25))
  }

  @Test("relative errors count, not absolute ones")
  func relative() {
    // A long run that is 10 % off does not pull the short ones away from their line.
    let fit = LinearFit([(1, 1.1), (2, 2.1), (100, 110.1)])
    #expect(fit.seconds(at: 1) > 1 && fit.seconds(at: 1) < 1.2)
  }
}

extension Double {
  /// Up to the rounding of a few operations.
  func isApproximately(_ other: Double) -> Bool { abs(self - other) <= 1e-9 * Swift.max(abs(self), abs(other)) }
}
