import Kernels
import Tensors

/// The same number in every element.
public struct Constant: Operation {
  public let number: Float
  public let outputShape: Shape

  public var name: String { "constant" }
  public var role: OperationRole { .constant(number) }
  public func shape(of inputs: [Shape]) -> Shape { outputShape }
  public func gradients(_ application: Application) -> [Value?] { [] }
  public func cost(inputs: [Shape], output: Shape) -> Cost { Cost(operations: 0, bytes: 0) }

  // Bit patterns, so that NaN equals NaN and −0 differs from 0 when applications are shared.
  public static func == (a: Constant, b: Constant) -> Bool {
    a.number.bitPattern == b.number.bitPattern && a.outputShape == b.outputShape
  }
  public func hash(into hasher: inout Hasher) {
    hasher.combine(number.bitPattern)
    hasher.combine(outputShape)
  }
}

extension Graph {
  /// A tensor of one number; a scalar by default.
  public func constant(_ number: Float, shape: Shape = .scalar) throws -> Value {
    try apply(Constant(number: number, outputShape: shape), [])
  }
}
