import Graphs
import Layers
import Tensors

/// What a feature network learns to tell of a sample; its features are what it looks at for that.
public enum FeatureTarget: Hashable, Sendable {
  /// Which of so many classes it is of.
  case classes(Int)
  /// So many quantities.
  case quantities(Int)

  var outputs: Int {
    switch self {
    case .classes(let count), .quantities(let count): count
    }
  }
}

/// A small network that tells the classes of samples apart, or their quantities.
///
///     images:  3×3 to 32 channels, ReLU, 2×2 max → 3×3 to 64, ReLU, 2×2 max → dense 64, ReLU → outputs
///     others:  dense 64, ReLU → dense 64, ReLU → outputs
///
/// - Shapes: samples `[N, H, W, C]`, images if H and W are multiples of 4; result `[N, outputs]`.
struct ClassifierNetwork {
  /// Of the last hidden layer. Not more: a Fréchet distance takes more samples than there are features.
  static let featureWidth = 64

  let imageShape: Shape
  let target: FeatureTarget

  /// True for images that can be pooled twice.
  private var canPool: Bool { imageShape[0] % 4 == 0 && imageShape[1] % 4 == 0 }

  func logits(_ images: Value, in scope: Scope) throws -> Value {
    try judge(images, in: scope).logits
  }

  /// - Shapes: features `[N, featureWidth]`.
  func judge(_ images: Value, in scope: Scope) throws -> (features: Value, logits: Value) {
    var h = images
    for (index, channels) in [32, 64].enumerated() where canPool {
      h = try maxPool(relu(convolution(h, outputChannels: channels, in: scope / "convolution\(index + 1)")))
    }
    if !canPool { h = try relu(dense(h.flattened, units: Self.featureWidth, in: scope / "before")) }
    h = try relu(dense(h.flattened, units: Self.featureWidth, in: scope / "hidden"))
    return (h, try dense(h, units: target.outputs, in: scope / "output"))
  }

  /// What training makes small, summed over samples.
  ///
  /// - Shapes: outputs and targets `[N, outputs]`; result `[]`.
  func cost(_ outputs: Value, targets: Value) throws -> Value {
    switch target {
    case .classes: return try Self.crossEntropy(outputs, classes: targets)
    case .quantities:
      let difference = try outputs - targets
      return try 0.5 * (difference * difference).total
    }
  }

  /// Σ over samples of −log softmax(logits)[class].
  ///
  /// - Shapes: logits and the one-hot classes `[N, classCount]`; result `[]`.
  static func crossEntropy(_ logits: Value, classes: Value) throws -> Value {
    // The largest logit cancels; detached, it keeps its share out of the gradient.
    let shifted = try logits - logits.maximum(axes: [1]).detached
    let logarithm = try log(exp(shifted).sum(axes: [1]))
    return try (logarithm - (classes * shifted).sum(axes: [1])).total
  }
}
