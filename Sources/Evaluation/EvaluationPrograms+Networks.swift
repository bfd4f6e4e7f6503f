import Datasets
import Graphs
import Layers
import Tensors

// The networks by themselves, for batches of any size: to be run elsewhere.

extension EvaluationPrograms {
  public var networks: EvaluatedNetworks { graphs.networks }

  /// What the generator's batch norms use.
  public var standing: StandingStatistics { graphs.standing }

  /// What samples are called: images, or x of vectors and sequences.
  public static func sampleName(of kind: SampleLayout.Kind) -> String { kind == .images ? "images" : "x" }

  /// The generator as samples come from it: noise `[N, noiseSize]` and condition `[N, K]` to images `[N, H, W, C]`, or x
  /// `[N, T, C]` or `[N, D]`.
  public func generator(batch: Int, layout: SampleLayout = SampleLayout()) throws -> NetworkGraph {
    let (networks, model) = (networks, networks.model)
    var network = NetworkGraph(batch: batch)
    let noise = try network.addInput("noise", shape: [model.noiseSize])
    let condition = try network.addInput("condition", shape: [model.conditionSize])
    let scope = Scope(
      graph: network.graph, parameters: networks.generator, source: networks.average,
      weights: WeightOptions(
        initializer: model.initializer,
        spectral: model.normalizesGeneratorWeights ? networks.generatorVectors : nil,
        spectralSource: graphs.averageVectors),
      norms: .standing(standing))
    let samples = try model.generate(noise: noise, condition: condition, in: scope)
    network.outputs = [
      .init(
        name: Self.sampleName(of: layout.kind),
        value: try samples.reshaped(to: Shape([batch] + layout.extents(of: model.imageShape))))
    ]
    return network
  }

  /// The discriminator: images as above and condition `[N, K]` to logits `[N]`, positive for real.
  public func discriminator(batch: Int, layout: SampleLayout = SampleLayout()) throws -> NetworkGraph {
    let (networks, model) = (networks, networks.model)
    var network = NetworkGraph(batch: batch)
    let samples = try network.addInput(
      Self.sampleName(of: layout.kind), shape: Shape(layout.extents(of: model.imageShape)))
    let condition = try network.addInput("condition", shape: [model.conditionSize])
    let scope = Scope(
      graph: network.graph, parameters: networks.discriminator,
      weights: WeightOptions(
        initializer: model.initializer,
        spectral: model.normalizesDiscriminatorWeights ? networks.discriminatorVectors : nil),
      norms: .training(.rank))
    let images = try samples.reshaped(to: Shape([batch] + model.imageShape.dimensions))
    let logits = try model.judge(
      features: model.features(of: images, in: scope), condition: condition, in: scope)
    network.outputs = [.init(name: "logits", value: logits)]
    return network
  }
}

extension Classifier {
  /// A feature network: images `[N, H, W, C]` (or x) to features `[N, featureWidth]` and logits `[N, outputs]`, or the
  /// quantities that it reads.
  public static func network(
    batch: Int, parameters: ParameterTable, imageShape: Shape, outputs: Int, layout: SampleLayout = SampleLayout()
  ) throws -> NetworkGraph {
    var network = NetworkGraph(batch: batch)
    let samples = try network.addInput(
      EvaluationPrograms.sampleName(of: layout.kind), shape: Shape(layout.extents(of: imageShape)))
    let (features, logits) = try ClassifierNetwork(imageShape: imageShape, target: .classes(outputs)).judge(
      samples.reshaped(to: Shape([batch] + imageShape.dimensions)),
      in: Scope(graph: network.graph, parameters: parameters))
    network.outputs = [.init(name: "features", value: features), .init(name: "logits", value: logits)]
    return network
  }
}
