/// A straight line through measured times, neither part of it below zero.
///
///     seconds(x) = fixed + slope·x
public struct LinearFit: Equatable, Sendable {
  public var fixed: Double
  public var slope: Double

  public init(fixed: Double, slope: Double) { (self.fixed, self.slope) = (fixed, slope) }

  /// Least squares of the relative errors: an error of 5 % counts as much at a small time as at a large one.
  ///
  ///     minimise Σ ((fixed + slope·x − t) / t)²
  ///
  /// One point gives a line through the origin.
  /// - Precondition: at least one point; all times and places above zero.
  public init(_ points: [(x: Double, seconds: Double)]) {
    precondition(!points.isEmpty && points.allSatisfy { $0.x > 0 && $0.seconds > 0 }, "\(points)")
    var (w, wx, wxx, wt, wxt) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for point in points {
      let weight = 1 / (point.seconds * point.seconds)
      w += weight
      wx += weight * point.x
      wxx += weight * point.x * point.x
      wt += weight * point.seconds
      wxt += weight * point.x * point.seconds
    }
    let determinant = w * wxx - wx * wx
    // Equal places leave only rounding.
    guard determinant > 1e-12 * w * wxx else {
      self.init(fixed: 0, slope: wxt / wxx)
      return
    }
    let slope = (w * wxt - wx * wt) / determinant
    let fixed = (wt - slope * wx) / w
    if fixed < 0 {
      self.init(fixed: 0, slope: wxt / wxx)
    } else if slope < 0 {
      self.init(fixed: wt / w, slope: 0)
    } else {
      self.init(fixed: fixed, slope: slope)
    }
  }

  public func seconds(at x: Double) -> Double { fixed + slope * x }

  /// The largest relative distance of a point from the line.
  public func largestError(over points: [(x: Double, seconds: Double)]) -> Double {
    points.map { abs(seconds(at: $0.x) / $0.seconds - 1) }.max() ?? 0
  }
}
