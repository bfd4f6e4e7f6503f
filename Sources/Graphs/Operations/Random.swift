import CKernels
import Tensors

/// Random numbers that depend on (seed, purpose, iteration, global sample index) alone.
///
/// - Shapes: `[local samples, …]`; sample i is global sample `firstSample + i`.
public struct Random: Operation {
  public enum Distribution: Hashable, Sendable {
    /// Mean 0, variance 1.
    case normal
    case uniform(low: Float, high: Float)
  }

  public let distribution: Distribution
  public let seed: UInt64
  public let purpose: RandomPurpose
  public let firstSample: Int
  public let outputShape: Shape
  public let position: RunPosition

  public var name: String {
    switch distribution {
    case .normal: "randomNormal"
    case .uniform: "randomUniform"
    }
  }

  public func shape(of inputs: [Shape]) throws -> Shape {
    guard outputShape.rank >= 1 else { throw ShapeError("random numbers need a sample axis") }
    return outputShape
  }

  public func gradients(_ application: Application) -> [Value?] { [] }
  public func cost(inputs: [Shape], output: Shape) -> Cost { .pass(inputs, output, operationsPerElement: 30) }

  public func kernel(_ context: KernelContext) -> Kernel {
    let key = RandomStream(seed: seed, purpose: purpose).key
    let samples = outputShape[0]
    let perSample = samples == 0 ? 0 : outputShape.count / samples
    let first = firstSample
    let (output, position, distribution) = (context.output, position, distribution)
    // Numbers belong to samples: who draws them does not show. Each costs as much as eight that are only moved.
    return context.team.bind(over: samples, elements: 8 * outputShape.count) { range in
      let target = output + range.lowerBound * perSample
      let firstSample = UInt32(first + position.sampleOffset + range.lowerBound)
      switch distribution {
      case .normal:
        ck_random_normal(
          target, Int64(range.count), Int64(perSample), key.0, key.1, position.iteration, firstSample)
      case .uniform(let low, let high):
        ck_random_uniform(
          target, Int64(range.count), Int64(perSample), key.0, key.1, position.iteration, firstSample, low, high)
      }
    }
  }
}

extension Graph {
  /// Fresh random numbers at every run, the same whatever the number of ranks.
  public func random(
    _ distribution: Random.Distribution, shape: Shape, seed: UInt64, purpose: RandomPurpose, firstSample: Int,
    at position: RunPosition
  ) throws -> Value {
    try apply(
      Random(
        distribution: distribution, seed: seed, purpose: purpose, firstSample: firstSample, outputShape: shape,
        position: position), [])
  }
}
