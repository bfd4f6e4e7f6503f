import Graphs
import Tensors

/// An affine map of the last axis.
///
///     y = x · kernel + bias
///
/// - Shapes: `x` `[…, in]`; result `[…, units]`.
/// - Parameters: `kernel` `[in, units]`, a weight: normalised where the network normalises; `bias` `[units]` (0,
///   or ±1/√in, as PyTorch's, where weights start so)
public func dense(
  _ x: Value, units: Int, kernelScale: Float = 1, in scope: Scope
) throws -> Value {
  try scope.layer {
    let kernel = try scope.weight("kernel", [x.shape.last, units], scale: kernelScale)
    return try matmul(x, kernel) + scope.bias(units, inputs: x.shape.last)
  }
}

/// max(x, 0) + slope · min(x, 0) with a learned slope per feature.
///
/// - Shapes: `x` `[N, F]`; result alike.
/// - Parameters: `slope` `[F]` (0, as in Keras).
/// - Source: He et al., 2015.
public func prelu(_ x: Value, in scope: Scope) throws -> Value {
  try scope.layer {
    let slope = try scope.parameter("slope", [x.shape.last], .zeros)
    return try select(greater(x, than: 0), then: x, else: slope.broadcast(to: x.shape) * x)
  }
}

/// What follows a hidden dense layer.
public enum HiddenActivation: String, Hashable, Sendable, CaseIterable {
  case prelu, leakyRelu, relu, tanh, linear
}

/// The activation of a hidden layer; LeakyReLU's slope is 0.2.
public func activate(_ x: Value, with activation: HiddenActivation, in scope: Scope) throws -> Value {
  try scope.layer {
    switch activation {
    case .prelu: try prelu(x, in: scope / "prelu")
    case .leakyRelu: try leakyRelu(x, slope: 0.2)
    case .relu: try relu(x)
    case .tanh: try tanh(x)
    case .linear: x
    }
  }
}
