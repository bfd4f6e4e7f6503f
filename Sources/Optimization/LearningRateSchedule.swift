#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What becomes of the learning rates during a training.
public enum LearningRateSchedule: Hashable, Sendable {
  case constant
  /// Full until the fraction `from` of all iterations, then straight down to the fraction `end` of the rate.
  case linear(to: Double, from: Double = 0)
  /// Full until the fraction `from`, then half a cosine wave down to the fraction `end` of the rate.
  /// - Source: Loshchilov and Hutter: SGDR, 2017.
  case cosine(to: Double, from: Double = 0)

  /// The factor on the learning rate of an iteration, counted from 0, of `total`.
  ///
  /// - Returns: 1 at the first iteration; `end` from iteration `total` on.
  public func factor(iteration: Int, of total: Int) -> Double {
    let progress = total > 0 ? min(max(Double(iteration) / Double(total), 0), 1) : 1
    switch self {
    case .constant: return 1
    case .linear(let end, let start):
      guard progress > start else { return 1 }
      return 1 - (1 - end) * (progress - start) / (1 - start)
    case .cosine(let end, let start):
      guard progress > start else { return 1 }
      return end + (1 - end) * 0.5 * (1 + cos(.pi * (progress - start) / (1 - start)))
    }
  }
}
