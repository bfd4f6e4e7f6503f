import Graphs
import Layers
import Models
import Tensors
import Training

/// A small conditional GAN with attention of its own in both networks, for images of 16×16.
struct EfficientGAN: ConditionalModel {
  let imageShape: Shape
  let noiseSize: Int
  let conditionSize: Int

  static let source = ModelSource("efficient-attention-gan") { request in
    guard request.imageShape[0] == 16, request.imageShape[1] == 16 else {
      throw GraphError(layer: "", reason: "this model makes images of 16×16, not \(request.imageShape)")
    }
    return EfficientGAN(
      imageShape: request.imageShape, noiseSize: request.noiseSize, conditionSize: request.conditionSize)
  }

  var initializer: Initializer { .orthogonal }
  var normalizesGeneratorWeights: Bool { false }
  var normalizesDiscriminatorWeights: Bool { true }
  var judgesSamplesAlone: Bool { true }

  func generate(noise: Value, condition: Value, in scope: Scope) throws -> Value {
    var h = try dense(noise, units: 4 * 4 * 32, in: scope / "input").reshaped(to: [noise.shape[0], 4, 4, 32])
    h = try generatorBlock(h, outputChannels: 32, condition: condition, precedesNorm: true, in: scope / "block1")
    h = try efficientAttention(h, in: scope / "attention")
    h = try generatorBlock(h, outputChannels: 16, condition: condition, precedesNorm: true, in: scope / "block2")
    h = try relu(batchNorm(h, in: scope / "norm"))
    return try tanh(convolution(h, outputChannels: imageShape[2], in: scope / "image"))
  }

  func features(of images: Value, in scope: Scope) throws -> Value {
    var h = try discriminatorBlock(images, outputChannels: 16, isFirst: true, pools: true, in: scope / "block1")
    h = try efficientAttention(h, in: scope / "attention")
    h = try discriminatorBlock(h, outputChannels: 32, isFirst: false, pools: true, in: scope / "block2")
    h = try discriminatorBlock(h, outputChannels: 32, isFirst: false, pools: false, in: scope / "block3")
    return try relu(h).sum(axes: [1, 2]).reshaped(to: [h.shape[0], 32])
  }

  func judge(features: Value, condition: Value, in scope: Scope) throws -> Value {
    try dense(features, units: 1, in: scope / "output").reshaped(to: [features.shape[0]])
      + projection(features, condition: condition, in: scope / "embedding")
  }
}
