import Graphs
import Layers
import Tensors

/// A conditional generator and its discriminator, as functions over values.
///
/// The discriminator comes in two parts, so that a batch judged under two conditions pays for its images once.
public protocol ConditionalModel {
  /// `[H, W, C]`
  var imageShape: Shape { get }
  /// Length of a noise vector.
  var noiseSize: Int { get }
  /// Length of a condition vector: the number of classes, or of continuous quantities.
  var conditionSize: Int { get }

  /// How the weights of both networks start.
  var initializer: Initializer { get }
  /// Whether weights are divided by their largest singular value.
  var normalizesGeneratorWeights: Bool { get }
  var normalizesDiscriminatorWeights: Bool { get }

  /// Whether the discriminator's view of an image is the same whatever else is in the batch.
  var judgesSamplesAlone: Bool { get }

  /// Images in [−1, 1].
  /// - Shapes: noise `[N, noiseSize]`, condition `[N, conditionSize]`; result `[N, H, W, C]`.
  func generate(noise: Value, condition: Value, in scope: Scope) throws -> Value

  /// What the discriminator sees in images, whatever they are said to show.
  /// - Shapes: images `[N, H, W, C]`; result `[N, features]`.
  func features(of images: Value, in scope: Scope) throws -> Value

  /// How real the discriminator finds features under a condition: logits, positive for real.
  /// - Shapes: features `[N, …]`, condition `[N, conditionSize]`; result `[N]`.
  func judge(features: Value, condition: Value, in scope: Scope) throws -> Value
}
