import CKernels
import Tensors

/// One step of Adam over a whole network, with decoupled weight decay.
///
///     p ← p · (1 − lr · decay);  m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²
///     p ← p − lr · m̂ / (√v̂ + ε),  m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
///
/// Inputs: gradient `[≥ count]`, then the scalars learning rate, 1/(1 − β₁ᵗ), 1/(1 − β₂ᵗ) and apply. Where apply is 0
/// nothing at all is touched. Written bit-identically on every CPU.
///
/// - Source: Kingma and Ba, 2015; Loshchilov and Hutter, 2019 (the decay).
public struct AdamUpdate: Operation {
  public let parameters: StateBlock
  public let firstMoment: StateBlock
  public let secondMoment: StateBlock
  public let beta1: Float
  public let beta2: Float
  public let epsilon: Float
  /// Decoupled weight decay per unit of learning rate.
  public let decay: Float

  public init(
    parameters: StateBlock, firstMoment: StateBlock, secondMoment: StateBlock, beta1: Float, beta2: Float,
    epsilon: Float, decay: Float
  ) {
    self.parameters = parameters
    self.firstMoment = firstMoment
    self.secondMoment = secondMoment
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.decay = decay
  }

  public var name: String { "adam" }
  public var role: OperationRole { .effect(writes: [parameters, firstMoment, secondMoment]) }
  public func gradients(_ application: Application) -> [Value?] { application.inputs.map { _ in nil } }

  public func shape(of inputs: [Shape]) throws -> Shape {
    guard inputs[0].count >= parameters.count, inputs.dropFirst().allSatisfy({ $0 == .scalar }) else {
      throw ShapeError("gradient \(inputs[0]) for \(parameters.count) parameters")
    }
    return [0]
  }

  public func cost(inputs: [Shape], output: Shape) -> Cost {
    Cost(operations: parameters.count * 14, bytes: parameters.count * 28)
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    let (p, m, v) = (parameters.pointer, firstMoment.pointer, secondMoment.pointer)
    let x = context.inputs
    let constants = (beta1: beta1, beta2: beta2, epsilon: epsilon, decay: decay)
    // Every number by itself: the bits do not depend on who computes it.
    return context.team.bind(over: parameters.count, grain: 16, elements: 7 * parameters.count) { range in
      var step = ck_adam_step(
        learningRate: x[1].pointee, beta1: constants.beta1, beta2: constants.beta2, epsilon: constants.epsilon,
        correction1: x[2].pointee, correction2: x[3].pointee, decay: constants.decay, apply: x[4].pointee)
      let i = range.lowerBound
      ck_adam(p + i, m + i, v + i, x[0] + i, Int64(range.count), &step)
    }
  }
}
