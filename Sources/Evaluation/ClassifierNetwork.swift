import Graphs
import Layers
import Tensors

/// A small convolutional network that tells the classes of images apart.
///
///     3×3 to 32 channels, ReLU, 2×2 max → 3×3 to 64, ReLU, 2×2 max → dense 64, ReLU → logits
///
/// - Shapes: images `[N, H, W, C]`, H and W multiples of 4; result `[N, classCount]`.
struct ClassifierNetwork {
  /// Of the last hidden layer. Not more: a Fréchet distance takes more samples than there are features.
  static let featureWidth = 64

  let imageShape: Shape
  let classCount: Int

  /// True for images that can be pooled twice.
  static func fits(_ imageShape: Shape) -> Bool { imageShape[0] % 4 == 0 && imageShape[1] % 4 == 0 }

  func logits(_ images: Value, in scope: Scope) throws -> Value {
    try judge(images, in: scope).logits
  }

  /// - Shapes: features `[N, featureWidth]`.
  func judge(_ images: Value, in scope: Scope) throws -> (features: Value, logits: Value) {
    var h = images
    for (index, channels) in [32, 64].enumerated() {
      h = try maxPool(relu(convolution(h, outputChannels: channels, in: scope / "convolution\(index + 1)")))
    }
    h = try relu(dense(h.flattened, units: Self.featureWidth, in: scope / "hidden"))
    return (h, try dense(h, units: classCount, in: scope / "output"))
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
