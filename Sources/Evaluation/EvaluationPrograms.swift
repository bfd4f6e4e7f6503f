import Communication
import Graphs
import Layers
import Models
import Programs
import Tensors

/// The graphs that look at a model without changing it: sampling and judging, in blocks of a fixed number of samples.
public struct EvaluationGraphs {
  /// Samples per run of a program. Fixed, so that results do not depend on the number of ranks.
  public static let blockSize = 64

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
  let model: any ConditionalModel
  /// To be planned together with the training steps, for one arena.
  public let plans: [Plan]

  /// - Parameter average: the generator's averaged parameters, to sample from in place of the live ones.
  public init(
    model: any ConditionalModel, generator: ParameterTable, average: StateBlock?, discriminator: ParameterTable,
    seed: UInt64
  ) throws {
    let n = Self.blockSize
    self.model = model
    conditions = StateBlock(name: "evaluated conditions", count: n * model.conditionSize)
    judgedImages = StateBlock(name: "judged images", count: n * model.imageShape.count)

    let noise = try sampling.random(
      .normal, shape: [n, model.noiseSize], seed: seed, purpose: .samplingNoise, firstSample: 0, at: position)
    let generatorScope = Scope(graph: sampling, parameters: generator, source: average)
    imageValues = try model.generate(
      noise: noise, condition: sampling.read(conditions, shape: [n, model.conditionSize]), in: generatorScope)
    samplingObservations = generatorScope.observations.all

    let scope = Scope(graph: judging, parameters: discriminator)
    let images = try judging.read(judgedImages, shape: Shape([n] + model.imageShape.dimensions))
    logitValues = try model.judge(
      features: model.features(of: images, in: scope),
      condition: judging.read(conditions, shape: [n, model.conditionSize]), in: scope)
    judgingObservations = scope.observations.all
    plans = [
      Plan(name: "sampling", graph: sampling, outputs: [imageValues]),
      Plan(name: "observed sampling", graph: sampling, outputs: [imageValues] + samplingObservations.map(\.value)),
      Plan(name: "judging", graph: judging, outputs: [logitValues] + judgingObservations.map(\.value)),
    ]
  }
}

/// The same, bound to memory.
public final class EvaluationPrograms {
  private let graphs: EvaluationGraphs
  private let sampling: Program
  /// The same with what the layers offer for watching.
  private let observedSampling: Program
  private let judging: Program

  /// - Precondition: the parameter blocks have their memory; `arena` was made for the graphs' plans too.
  public init(_ graphs: EvaluationGraphs, arena: Arena, communicator: any Communicator) {
    self.graphs = graphs
    graphs.conditions.allocate()
    graphs.judgedImages.allocate()
    sampling = Program(graphs.plans[0], arena: arena, communicator: communicator)
    observedSampling = Program(graphs.plans[1], arena: arena, communicator: communicator)
    judging = Program(graphs.plans[2], arena: arena, communicator: communicator)
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

  private func prepareSample(
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

  /// Logits of up to 64 images under conditions.
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
    try judging.run()
    return judging.values(of: graphs.logitValues)
  }
}
