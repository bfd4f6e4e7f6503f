import Files

extension Recipe {
  /// A recipe that comes with the program.
  public struct Embedded: Sendable {
    public let name: String
    public let summary: String
    public let yaml: String
  }

  /// All of them, the recommended one first.
  public static let embedded: [Embedded] = [
    Embedded(
      name: "digits",
      summary: "readable 16×16 digits in a quarter of a minute: a small SAGAN; start here",
      yaml: """
        name: digits
        model:
          kind: sagan
          noiseSize: 64
          generator: {channels: [32, 32, 16], attentionAt: [8], spectralNorm: false}
          discriminator: {channels: [16, 32, 32], downBlocks: 2, attentionAt: [8]}
        training:
          batchSize: 64
          iterations: 2200
          loss: hinge
          generatorLearningRate: 0.001
          discriminatorLearningRate: 0.002
          learningRateDecay: linear
          learningRateDecayStart: 0.5
          learningRateEnd: 0.05
          beta1: 0.0
          beta2: 0.9
          epsilon: 1e-8
          averageDecay: 0.998
        evaluation: {every: 500}
        checkpoint: {every: 500}
        """),
    Embedded(
      name: "mnist",
      summary: "28×28 handwritten digits in a minute and a half, from IDX files (--data idx:DIR)",
      yaml: """
        name: mnist
        data: {source: "idx:mnist"}
        model:
          kind: sagan
          noiseSize: 64
          generator: {channels: [32, 32, 16], attentionAt: [14], spectralNorm: false}
          discriminator: {channels: [16, 32, 32], downBlocks: 2, attentionAt: [14]}
        training:
          batchSize: 64
          iterations: 2800
          loss: hinge
          generatorLearningRate: 0.001
          discriminatorLearningRate: 0.002
          learningRateDecay: linear
          learningRateDecayStart: 0.5
          learningRateEnd: 0.05
          beta1: 0.0
          beta2: 0.9
          epsilon: 1e-8
          averageDecay: 0.998
        evaluation: {every: 700}
        checkpoint: {every: 700}
        """),
    Embedded(
      name: "cifar10",
      summary: "SAGAN at 32×32 as published, from CIFAR-10's binary files (--data cifar10:DIR); days on a node",
      yaml: """
        name: cifar10
        data: {source: "cifar10:cifar-10-batches-bin", flip: true}
        model:
          kind: sagan
          noiseSize: 128
          generator: {channels: [256, 256, 256, 256], attentionAt: [16], spectralNorm: true}
          discriminator: {channels: [128, 128, 128, 128], downBlocks: 2, attentionAt: [16]}
        training:
          batchSize: 64
          iterations: 100000
          discriminatorSteps: 5
          loss: hinge
          generatorLearningRate: 0.0002
          discriminatorLearningRate: 0.0002
          beta1: 0.0
          beta2: 0.9
          epsilon: 1e-8
          averageDecay: 0.999
        evaluation: {every: 1000}
        checkpoint: {every: 1000}
        """),
    Embedded(
      name: "images",
      summary: "a small SAGAN for images of your own, brought to 32×32 (--data mine.npz or folder:DIR)",
      yaml: """
        name: images
        data: {height: 32}
        model:
          kind: sagan
          noiseSize: 64
          generator: {channels: [64, 64, 32, 16], attentionAt: [16], spectralNorm: false}
          discriminator: {channels: [16, 32, 64], downBlocks: 2, attentionAt: [16]}
        training:
          batchSize: 64
          iterations: 4000
          loss: hinge
          generatorLearningRate: 0.0004
          discriminatorLearningRate: 0.0008
          learningRateDecay: linear
          learningRateDecayStart: 0.5
          learningRateEnd: 0.05
          beta1: 0.0
          beta2: 0.9
          epsilon: 1e-8
          averageDecay: 0.998
        evaluation: {every: 1000}
        checkpoint: {every: 1000}
        """),
    Embedded(
      name: "digits-dense",
      summary: "readable 16×16 digits in seconds: the dense attention CGAN with what mends it",
      yaml: """
        name: digits-dense
        model:
          generator:
            hiddenAfter: [256]
            imageLayerScale: 0.2
            attention: {gate: true}
          discriminator:
            imageLayerScale: 0.2
            attention: {gate: true}
        training:
          iterations: 1500
          generatorLearningRate: 0.002
          discriminatorLearningRate: 0.002
          mismatchedLabelWeight: 0.5
          weightDecay: 0.3
          averageDecay: 0.999
        """),
    Embedded(
      name: "vectors",
      summary: "rows of numbers under classes or quantities, dense attention; of your own: --data table.csv",
      yaml: """
        name: vectors
        data: {source: process, layout: vectors}
        model:
          noiseSize: 32
          generator: {hiddenBefore: [128], hiddenAfter: [128], attention: {gate: true}}
          discriminator: {hiddenBefore: [128], hiddenAfter: [128], attention: {gate: true}}
        training:
          batchSize: 128
          iterations: 4000
          generatorLearningRate: 0.001
          discriminatorLearningRate: 0.002
          learningRateDecay: linear
          learningRateDecayStart: 0.5
          learningRateEnd: 0.05
          mismatchedLabelWeight: 0.5
          r1Weight: 0.1
          averageDecay: 0.998
        evaluation: {every: 1000, samples: 1000, classifierIterations: 1500}
        checkpoint: {every: 1000}
        """),
    Embedded(
      name: "sequences",
      summary: "time series under classes or quantities, dense attention; of your own: --data mine.npz",
      yaml: """
        name: sequences
        data: {source: waves, layout: sequences}
        model:
          noiseSize: 32
          generator: {hiddenBefore: [256], hiddenAfter: [256], attention: {gate: true}}
          discriminator: {hiddenBefore: [256], hiddenAfter: [256], attention: {gate: true}}
        training:
          batchSize: 128
          iterations: 6000
          generatorLearningRate: 0.001
          discriminatorLearningRate: 0.002
          learningRateDecay: linear
          learningRateDecayStart: 0.5
          learningRateEnd: 0.05
          mismatchedLabelWeight: 0.5
          r1Weight: 0.1
          averageDecay: 0.998
        evaluation: {every: 1000, samples: 1000, classifierIterations: 1500}
        checkpoint: {every: 1000}
        """),
    Embedded(
      name: "dense-reference",
      summary: "the dense attention CGAN exactly as commonly pasted together; slow to learn, for comparison",
      yaml: "name: dense-reference\n"),
  ]

  /// The embedded recipe `name`.
  public static func embedded(named name: String) throws -> Embedded {
    if let found = embedded.first(where: { $0.name == name }) { return found }
    let shown = clipped(name)
    let nearest = embedded.map(\.name).min { editDistance(shown, $0) < editDistance(shown, $1) } ?? ""
    throw Failure(
      "there is no recipe \(shown); did you mean \(nearest)? `lockstep recipes` lists them; a file needs a / or .yaml",
      code: .configuration)
  }
}
