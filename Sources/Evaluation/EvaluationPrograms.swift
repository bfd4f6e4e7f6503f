import Communication
import Graphs
import Kernels
import Layers
import Models
import Programs
import Tensors

/// A model's networks as sampling and judging read them.
public struct EvaluatedNetworks {
  public let model: any ConditionalModel
  public let generator: ParameterTable
  public let generatorVectors: SpectralVectors
  /// The generator's averaged parameters, to sample from in place of the live ones.
  public let average: StateBlock?
  public let discriminator: ParameterTable
  public let discriminatorVectors: SpectralVectors

  public init(
    model: any ConditionalModel, generator: ParameterTable, generatorVectors: SpectralVectors, average: StateBlock?,
    discriminator: ParameterTable, discriminatorVectors: SpectralVectors
  ) {
    self.model = model
    self.generator = generator
    self.generatorVectors = generatorVectors
    self.average = average
    self.discriminator = discriminator
    self.discriminatorVectors = discriminatorVectors
  }
}

/// The graphs that look at a model without changing it: sampling and judging, in blocks of a fixed number of samples.
public struct EvaluationGraphs {
  /// Samples per run of a program. Fixed, so that results do not depend on the number of ranks.
  public static let blockSize = 64

  let networks: EvaluatedNetworks
  let sampling = Graph()
  let judging = Graph()
  let position = RunPosition()
  let conditions: StateBlock
  let judgedImages: StateBlock
  let imageValues: Value
  let logitValues: Value
  /// What the layers of both networks offer for watching.
  let samplingObservations: [Observations.Observation]
  let judgingObservations: [Observations.Observation]
  /// The weights of attention layers.
  let samplingMaps: [MapValues]
  let judgingMaps: [MapValues]
  /// Samples of noise that is given, and where such noise comes from.
  let mixing: GivenNoiseGraphs
  /// What the generator's batch norms use for sampling.
  public let standing: StandingStatistics
  /// Singular vectors of the averaged parameters, where they are needed.
  public let averageVectors: StateBlock?
  /// Where the generator has batch norms, the plan that measures their statistics.
  let measuring: Plan?
  /// To be planned together with the training steps, for one arena.
  public let plans: [Plan]

  var model: any ConditionalModel { networks.model }

  /// - Precondition: with an average, the networks have been built into some graph before.
  public init(_ networks: EvaluatedNetworks, seed: UInt64, threads: Int = 1) throws {
    let n = Self.blockSize
    let model = networks.model
    self.networks = networks
    let conditions = StateBlock(name: "evaluated conditions", count: n * model.conditionSize)
    self.conditions = conditions
    judgedImages = StateBlock(name: "judged images", count: n * model.imageShape.count)
    standing = StandingStatistics(name: "generator")
    let vectors = networks.generatorVectors
    averageVectors =
      networks.average == nil || vectors.isEmpty ? nil : vectors.makeBlock(name: "generator average spectral vectors")

    let (position, averageVectors) = (position, averageVectors)
    let draw = { (graph: Graph, purpose: RandomPurpose) throws -> Value in
      try graph.random(
        .normal, shape: [n, model.noiseSize], seed: seed, purpose: purpose, firstSample: 0, at: position)
    }
    let generate = { (graph: Graph, noise: Value, norms: NormMode, isWatched: Bool) throws -> (Value, Scope) in
      let scope = Scope(
        graph: graph, parameters: networks.generator, source: networks.average,
        weights: WeightOptions(
          initializer: model.initializer, spectral: model.normalizesGeneratorWeights ? vectors : nil,
          spectralSource: averageVectors),
        norms: norms, isWatched: isWatched)
      let condition = try graph.read(conditions, shape: [n, model.conditionSize])
      return (try model.generate(noise: noise, condition: condition, in: scope), scope)
    }
    let generatorScope: Scope
    (imageValues, generatorScope) = try generate(
      sampling, draw(sampling, .samplingNoise), .standing(standing), true)
    samplingObservations = generatorScope.observations.all
    samplingMaps = try generatorScope.observations.maps.map(MapValues.init)
    measuring = try Self.measuring(standing, threads: threads) {
      try generate($0, draw($0, .measuringNoise), .measuring($1), false).1
    }
    mixing = try GivenNoiseGraphs(noiseSize: model.noiseSize, threads: threads) { [standing] graph, noise in
      if let noise { return try generate(graph, noise, .standing(standing), false).0 }
      return try draw(graph, .samplingNoise)
    }

    let scope = Scope(
      graph: judging, parameters: networks.discriminator,
      weights: WeightOptions(
        initializer: model.initializer,
        spectral: model.normalizesDiscriminatorWeights ? networks.discriminatorVectors : nil),
      norms: .training(.rank), isWatched: true)
    let images = try judging.read(judgedImages, shape: Shape([n] + model.imageShape.dimensions))
    logitValues = try model.judge(
      features: model.features(of: images, in: scope),
      condition: judging.read(conditions, shape: [n, model.conditionSize]), in: scope)
    judgingObservations = scope.observations.all
    judgingMaps = try scope.observations.maps.map(MapValues.init)
    plans =
      [
        Plan(name: "sampling", graph: sampling, outputs: [imageValues], threads: threads),
        Plan(
          name: "observed sampling", graph: sampling,
          outputs: [imageValues] + samplingObservations.map(\.value) + samplingMaps.flatMap(\.outputs),
          threads: threads),
        Plan(
          name: "judging", graph: judging,
          outputs: [logitValues] + judgingObservations.map(\.value) + judgingMaps.flatMap(\.outputs), threads: threads),
      ] + mixing.plans + (measuring.map { [$0] } ?? [])
  }

  private static func measuring(
    _ standing: StandingStatistics, threads: Int, generate: (Graph, StandingStatistics) throws -> Scope
  ) throws -> Plan? {
    if standing.isEmpty { return nil }
    let graph = Graph()
    let packed = try standing.pack(generate(graph, standing).measurements)
    return Plan(name: "measuring", graph: graph, outputs: [packed], threads: threads)
  }
}

/// The same, bound to memory.
public final class EvaluationPrograms {
  let graphs: EvaluationGraphs
  private let sampling: Program
  /// The same with what the layers offer for watching.
  let observedSampling: Program
  let judging: Program
  let drawing: Program
  let mixing: Program
  let measuring: Program?
  let communicator: any Communicator
  /// Made when first asked for.
  var measuringConditions: StateBlock?
  /// Called by all ranks together after every round of blocks: what has come up meanwhile may end the evaluation, on all
  /// ranks alike, by throwing.
  public var poll: (() throws -> Void)?

  /// - Precondition: the parameter blocks have their memory; `arena` was made for the graphs' plans too, and these for
  ///   `team.count` threads.
  public init(
    _ graphs: EvaluationGraphs, arena: Arena, communicator: any Communicator, team: ThreadTeam = ThreadTeam()
  ) {
    self.graphs = graphs
    graphs.conditions.allocate()
    graphs.judgedImages.allocate()
    graphs.mixing.noise.allocate()
    graphs.standing.allocate()
    graphs.averageVectors?.allocate()
    self.communicator = communicator
    sampling = Program(graphs.plans[0], arena: arena, communicator: communicator, team: team)
    observedSampling = Program(graphs.plans[1], arena: arena, communicator: communicator, team: team)
    judging = Program(graphs.plans[2], arena: arena, communicator: communicator, team: team)
    drawing = Program(graphs.mixing.plans[0], arena: arena, communicator: communicator, team: team)
    mixing = Program(graphs.mixing.plans[1], arena: arena, communicator: communicator, team: team)
    measuring = graphs.measuring.map { Program($0, arena: arena, communicator: communicator, team: team) }
  }

  public var imageShape: Shape { graphs.model.imageShape }
  public var conditionSize: Int { graphs.model.conditionSize }
  public static var blockSize: Int { EvaluationGraphs.blockSize }

  /// Images of samples `block · 64 ..< block · 64 + 64` of the series that the seed and `iteration` define.
  ///
  /// - Parameter writeCondition: writes the condition of a sample (its global index) to `conditionSize` floats.
  /// - Returns: `[64, H, W, C]`, valid until another program runs.
  public func sample(
    block: Int, iteration: UInt64 = 0, writeCondition: (Int, UnsafeMutablePointer<Float>) -> Void
  ) throws -> UnsafeMutableBufferPointer<Float> {
    prepareSample(block: block, iteration: iteration, writeCondition: writeCondition)
    try sampling.run()
    return sampling.values(of: graphs.imageValues)
  }

  /// Calls `body` with this rank's share of so many blocks: they go to the ranks in turn.
  func forOwnBlocks(of count: Int, _ body: (Int) throws -> Void) throws {
    for first in stride(from: 0, to: count, by: communicator.size) {
      let block = first + communicator.rank
      if block < count { try body(block) }
      try poll?()
    }
  }

  func prepareSample(
    block: Int, iteration: UInt64, writeCondition: (Int, UnsafeMutablePointer<Float>) -> Void
  ) {
    graphs.position.iteration = iteration
    graphs.position.sampleOffset = block * Self.blockSize
    for row in 0..<Self.blockSize {
      writeCondition(block * Self.blockSize + row, graphs.conditions.pointer + row * conditionSize)
    }
  }

  /// Names of what `judgeSamples` observes.
  var observationNames: [String] { (graphs.samplingObservations + graphs.judgingObservations).map(\.name) }

  /// Makes a block of samples as `sample` does and judges them under the conditions that they were made under.
  ///
  /// - Returns: the logits `[64]`, valid until another program runs, and what layers show, one mean over the block each.
  func judgeSamples(
    block: Int, iteration: UInt64, writeCondition: (Int, UnsafeMutablePointer<Float>) -> Void
  ) throws -> (logits: UnsafeMutableBufferPointer<Float>, observations: [Double]) {
    prepareSample(block: block, iteration: iteration, writeCondition: writeCondition)
    try observedSampling.run()
    // All programs use one arena: take what sampling left before judging runs.
    let seen = graphs.samplingObservations.map { Double(observedSampling.values(of: $0.value)[0]) }
    _ = graphs.judgedImages.values.update(fromContentsOf: observedSampling.values(of: graphs.imageValues))
    try judging.run()
    let judged = graphs.judgingObservations.map { Double(judging.values(of: $0.value)[0]) }
    return (judging.values(of: graphs.logitValues), seen + judged)
  }

  /// Logits of 1 to 64 images under conditions.
  ///
  /// The block is filled up with the same images over and over: where the discriminator has a batch norm, nothing that a
  /// run before left there may show.
  ///
  /// - Parameter fill: writes image and condition of a row.
  /// - Returns: `[64]`, valid until another program runs; rows from `count` on mean nothing.
  func judge(
    count: Int,
    fill: (_ row: Int, _ images: UnsafeMutableBufferPointer<Float>, _ condition: UnsafeMutablePointer<Float>) -> Void
  ) throws -> UnsafeMutableBufferPointer<Float> {
    for row in 0..<count {
      fill(row, graphs.judgedImages.values, graphs.conditions.pointer + row * conditionSize)
    }
    let (images, conditions) = (graphs.judgedImages.pointer, graphs.conditions.pointer)
    for row in count..<Self.blockSize {
      let (size, source) = (imageShape.count, row % count)
      (images + row * size).update(from: images + source * size, count: size)
      (conditions + row * conditionSize).update(from: conditions + source * conditionSize, count: conditionSize)
    }
    try judging.run()
    return judging.values(of: graphs.logitValues)
  }
}
