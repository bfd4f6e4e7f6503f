import Graphs
import Tensors

/// What becomes of a convolution's bias.
public enum BiasUse: Hashable, Sendable {
  case none
  case trained
  /// There, but constant: a batch norm follows and takes it out again. Its gradient is 0 by construction, not rounding
  /// noise that Adam would turn into full steps.
  case normalizedAway
}

/// A convolution of channels-last images.
///
/// - Shapes: `x` `[N, H, W, C]`; result `[N, ⌈H / stride⌉, ⌈W / stride⌉, outputChannels]` for odd kernels.
/// - Parameters: `kernel` `[kernel, kernel, C, outputChannels]`, a weight: normalised where the network normalises;
///   `bias` `[outputChannels]` (0, or as PyTorch's where weights start so).
public func convolution(
  _ x: Value, outputChannels: Int, kernel: Int = 3, stride: Int = 1, bias: BiasUse = .trained, in scope: Scope
) throws -> Value {
  try scope.layer {
    guard x.shape.rank == 4 else {
      throw GraphError(layer: scope.path, reason: "a convolution needs images, [N, H, W, C]; this input is \(x.shape)")
    }
    let weights = try scope.weight("kernel", [kernel, kernel, x.shape.last, outputChannels])
    let y = try Graphs.convolution(x, weights, stride: stride)
    switch bias {
    case .none: return y
    case .trained: return try y + scope.bias(outputChannels, inputs: weights.shape.leading)
    case .normalizedAway: return try y + scope.parameter("bias", [outputChannels], .zeros).detached
    }
  }
}
