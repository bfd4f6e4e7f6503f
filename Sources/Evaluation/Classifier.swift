import Communication
import Datasets
import Graphs
import Layers
import Optimization
import Programs
import Tensors

/// A classifier of a data set's samples, or a network that tells their quantities, trained in seconds by all ranks: the
/// judge of whether samples show what they were asked to show.
///
/// Everything follows from the images and the seed: the same judge every time, up to the order of sums over ranks.
public final class Classifier {
  /// Images per run of the program, and per training step over all ranks.
  static let blockSize = 64

  public let target: FeatureTarget
  private var outputCount: Int { target.outputs }
  /// The parameters by name, to save and to load them.
  public let parameters: ParameterTable
  let imageShape: Shape
  private let images: StateBlock
  private let logits: Value
  private let featureValues: Value
  private let program: Program

  /// An untrained one of classes.
  public convenience init(imageShape: Shape, classCount: Int) throws {
    try self.init(imageShape: imageShape, target: .classes(classCount))
  }

  /// An untrained one.
  public init(imageShape: Shape, target: FeatureTarget) throws {
    self.imageShape = imageShape
    self.target = target
    parameters = ParameterTable(name: "classifier")
    images = StateBlock(name: "classified images", count: Self.blockSize * imageShape.count)
    let graph = Graph()
    (featureValues, logits) = try ClassifierNetwork(imageShape: imageShape, target: target).judge(
      graph.read(images, shape: Shape([Self.blockSize] + imageShape.dimensions)),
      in: Scope(graph: graph, parameters: parameters))
    let plan = Plan(name: "classifier", graph: graph, outputs: [logits, featureValues])
    images.allocate()
    parameters.values.allocate()
    program = Program(plan, arena: Arena(plans: [plan]), communicator: SoloCommunicator())
  }

  /// Trains by Adam on the images of `set`, all ranks together.
  ///
  /// - Parameters:
  ///   - conditions: what the samples are said to show, where quantities are to be told.
  ///   - iterations: steps of 64 images.
  public func train(
    on set: ImageSet, conditions: Conditions? = nil, iterations: Int, seed: UInt64, communicator: any Communicator
  ) throws {
    let trainer = try ClassifierTrainer(
      ClassifierNetwork(imageShape: imageShape, target: target), set: set, conditions: conditions,
      shard: Shard(globalBatch: Self.blockSize, rank: communicator.rank, size: communicator.size), seed: seed,
      communicator: communicator)
    for step in 0..<iterations { try trainer.step(step, of: iterations) }
    _ = parameters.values.values.update(fromContentsOf: trainer.parameters.values.values)
  }

  /// The most likely class of up to 64 images.
  ///
  /// - Parameter fill: writes image `row`, `[H, W, C]`.
  public func classes(count: Int, fill: (_ row: Int, _ image: UnsafeMutablePointer<Float>) -> Void) throws -> [Int] {
    let values = try outputs(count: count, fill: fill)
    return (0..<count).map { row in
      let scores = values[row * outputCount..<(row + 1) * outputCount]
      return (scores.indices.max { scores[$0] < scores[$1] } ?? scores.startIndex) - scores.startIndex
    }
  }

  /// Logits of the classes, or the quantities, of up to 64 samples.
  ///
  /// - Returns: `[64, outputs]`, valid until the next call; rows from `count` on mean nothing.
  public func outputs(
    count: Int, fill: (_ row: Int, _ image: UnsafeMutablePointer<Float>) -> Void
  ) throws -> UnsafeMutableBufferPointer<Float> {
    precondition(count <= Self.blockSize, "\(count) images in a block of \(Self.blockSize)")
    for row in 0..<count { fill(row, images.pointer + row * imageShape.count) }
    try program.run()
    return program.values(of: logits)
  }

  public static var featureWidth: Int { ClassifierNetwork.featureWidth }

  /// What the last hidden layer made of the images that were classified last.
  ///
  /// - Shapes: `[64, featureWidth]`, valid until the next call.
  public var features: UnsafeMutableBufferPointer<Float> { program.values(of: featureValues) }

  /// Share of a set's images that get their own class; all ranks share the work.
  public func accuracy(on set: ImageSet, communicator: any Communicator) throws -> Double {
    var sums = [0.0, 0.0]
    let blocks = (set.count + Self.blockSize - 1) / Self.blockSize
    for block in stride(from: communicator.rank, to: blocks, by: communicator.size) {
      let first = block * Self.blockSize
      let count = min(Self.blockSize, set.count - first)
      let found = try classes(count: count) { set.write(index: first + $0, to: $1) }
      sums[0] += Double(found.enumerated().count { set.label(at: first + $0.offset) == $0.element })
      sums[1] += Double(count)
    }
    try sums.withUnsafeMutableBufferPointer { try communicator.allReduceSum($0) }
    return sums[0] / max(1, sums[1])
  }
}

/// The training program of a classifier and what it works on.
private final class ClassifierTrainer {
  private let set: ImageSet
  private let conditions: Conditions?
  private let shard: Shard
  private let outputCount: Int
  private let images: StateBlock
  private let targets: StateBlock
  private let state: NetworkState
  private let program: Program
  private var shuffling: Shuffling

  var parameters: ParameterTable { state.parameters }

  init(
    _ network: ClassifierNetwork, set: ImageSet, conditions: Conditions?, shard: Shard, seed: UInt64,
    communicator: any Communicator
  ) throws {
    self.set = set
    self.conditions = conditions
    self.shard = shard
    outputCount = network.target.outputs
    precondition(
      conditions?.size == outputCount || conditions == nil && network.target == .classes(outputCount),
      "\(conditions?.size ?? 0) quantities for \(outputCount)")
    images = StateBlock(name: "classifier's images", count: shard.count * network.imageShape.count)
    targets = StateBlock(name: "classifier's classes", count: shard.count * outputCount)
    state = NetworkState(
      name: "classifier", settings: OptimizerSettings(learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8))
    shuffling = Shuffling(count: set.count, seed: seed)
    let graph = Graph()
    let logits = try network.logits(
      graph.read(images, shape: Shape([shard.count] + network.imageShape.dimensions)),
      in: Scope(graph: graph, parameters: state.parameters))
    let cost = try network.cost(logits, targets: graph.read(targets, shape: [shard.count, outputCount]))
    let loss = try 1 / Float(shard.globalBatch) * cost
    try state.addUpdate(loss: loss, reports: [loss])
    let plan = Plan(name: "classifier training", graph: graph, outputs: [])
    images.allocate()
    targets.allocate()
    try state.allocate(over: communicator)
    state.parameters.initialize(seed: seed)
    program = Program(plan, arena: Arena(plans: [plan]), communicator: communicator)
  }

  func step(_ step: Int, of total: Int) throws {
    for (row, place) in shard.range.enumerated() {
      let index = shuffling.index(at: step * shard.globalBatch + place)
      set.write(index: index, to: images.pointer + row * set.imageShape.count)
      if let conditions {
        conditions.write(conditionOf: index, to: targets.pointer + row * outputCount)
      } else {
        for k in 0..<outputCount { targets.values[row * outputCount + k] = k == set.label(at: index) ? 1 : 0 }
      }
    }
    state.prepareUpdate(learningRateFactor: LearningRateSchedule.cosine(to: 0).factor(iteration: step, of: total))
    try program.run()
    state.finishUpdate()
  }
}
