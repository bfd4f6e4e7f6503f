import Communication
import Tensors

/// Decides whether a summed gradient may be used: what an update, the power iterations and an average multiply by.
///
///     norm = ‖g‖₂;  apply = 1 if norm ≤ limit and both norm and loss are finite, else 0
///
/// Inputs: the summed gradient, and the scalars limit (∞: none; below 0: nothing passes) and `checksFinite`
/// (0: numbers that are not finite pass). Writes `[apply, norm]` to `verdict`. All ranks hold the same sums, so all
/// decide alike.
public struct GradientGuard: Operation {
  /// Where the gradients of all parameters lie, then what the step reports; summed over the ranks before, with its norm.
  public let gradients: StateBlock
  /// Where in it the loss lies.
  public let lossOffset: Int
  /// `[2]`
  public let verdict: StateBlock

  public init(gradients: StateBlock, lossOffset: Int, verdict: StateBlock) {
    (self.gradients, self.lossOffset, self.verdict) = (gradients, lossOffset, verdict)
  }

  public var name: String { "gradientGuard" }
  public var role: OperationRole { .effect(writes: [verdict]) }
  public func gradients(_ application: Application) -> [Value?] { application.inputs.map { _ in nil } }

  public func shape(of inputs: [Shape]) throws -> Shape {
    guard inputs.count == 3, inputs[0].count > lossOffset, inputs[1] == .scalar, inputs[2] == .scalar,
      verdict.count >= 2
    else { throw ShapeError("gradient \(inputs[0]) with the loss at \(lossOffset), and two scalars") }
    return [0]
  }

  /// The norm comes with the sum over the ranks.
  public func cost(inputs: [Shape], output: Shape) -> Cost { Cost(operations: 0, bytes: 0) }

  public func kernel(_ context: KernelContext) -> Kernel {
    let (gradients, lossOffset, verdict) = (gradients, lossOffset, verdict.pointer)
    let (summed, limit, checksFinite) = (context.inputs[0], context.inputs[1], context.inputs[2])
    return {
      let norm = Float(gradients.squaredNorm.squareRoot())
      let isFinite = norm.isFinite && summed[lossOffset].isFinite
      let passes = isFinite ? norm <= limit.pointee : checksFinite.pointee == 0 && limit.pointee >= 0
      verdict[0] = passes ? 1 : 0
      verdict[1] = norm
    }
  }
}
