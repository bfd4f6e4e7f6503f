import Communication
import Graphs
import Layers
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Everything that training a network keeps between steps, each kind in one block that is laid out like the parameters.
public final class NetworkState {
  public let parameters: ParameterTable
  /// Of the weights that layers normalise; without entries where none does.
  public let spectral: SpectralVectors
  public let settings: OptimizerSettings
  public let firstMoment: StateBlock
  public let secondMoment: StateBlock
  /// Moving average of the parameters, where the settings ask for one.
  public let average: StateBlock?
  /// Gradients, then the numbers that the step reports; summed over ranks in one go.
  private let gradient: StateBlock
  private let scalars: StateBlock
  private var reportOffset: Int?
  /// Updates made so far: Adam's t.
  public var updateCount = 0

  private enum Scalar: Int, CaseIterable { case learningRate, correction1, correction2, apply, averageDecay }

  public init(name: String, settings: OptimizerSettings) {
    parameters = ParameterTable(name: name)
    spectral = SpectralVectors(name: name)
    self.settings = settings
    firstMoment = StateBlock(name: "\(name) first moment")
    secondMoment = StateBlock(name: "\(name) second moment")
    average = settings.averageDecay == nil ? nil : StateBlock(name: "\(name) average")
    gradient = StateBlock(name: "\(name) gradient")
    scalars = StateBlock(name: "\(name) scalars", count: Scalar.allCases.count)
  }

  /// Adds the end of a training step to the graph: gradients of `loss` (this rank's share), their sum over all ranks
  /// together with `reports`, the update, the power iterations, the average.
  ///
  /// - Shapes: loss and reports `[]`.
  /// - Precondition: called once, after all layers of the network have been built.
  public func addUpdate(loss: Value, reports: [Value]) throws {
    precondition(reportOffset == nil, "\(parameters.name) is updated by one step only")
    let graph = loss.graph
    try graph.inLayer("\(parameters.name) update") {
      let values = try parameters.entries.map { try graph.read(parameters.values, at: $0.offset, shape: $0.shape) }
      let found = try gradients(of: loss, withRespectTo: values)
      let padded = parameters.values.count
      for block in [firstMoment, secondMoment] + (average.map { [$0] } ?? []) { _ = block.reserve(padded) }
      _ = gradient.reserve(padded)
      let first = gradient.reserve(reports.count)
      reportOffset = first
      let packed = try pack(
        found + reports, at: parameters.entries.map(\.offset) + reports.indices.map { first + $0 }, of: gradient)
      let summed = try allReduceSum(packed, in: gradient)
      _ = try graph.apply(
        AdamUpdate(
          parameters: parameters.values, firstMoment: firstMoment, secondMoment: secondMoment,
          beta1: Float(settings.beta1), beta2: Float(settings.beta2), epsilon: Float(settings.epsilon),
          decay: Float(settings.weightDecay)),
        [summed, read(.learningRate, graph), read(.correction1, graph), read(.correction2, graph), read(.apply, graph)])
      if !spectral.isEmpty {
        _ = try graph.apply(
          PowerIteration(matrices: spectral.matrices, parameters: parameters.values, vectors: spectral.values),
          [read(.apply, graph)])
      }
      if let average {
        _ = try graph.apply(
          WeightAverage(average: average, parameters: parameters.values),
          [read(.averageDecay, graph), read(.apply, graph)])
      }
    }
  }

  private func read(_ scalar: Scalar, _ graph: Graph) throws -> Value {
    try graph.read(scalars, at: scalar.rawValue, shape: .scalar)
  }

  /// Gives all blocks their memory.
  public func allocate(over communicator: any Communicator) throws {
    for block in [parameters.values, spectral.values, firstMoment, secondMoment] + (average.map { [$0] } ?? []) {
      block.allocate()
    }
    scalars.allocate()
    try gradient.allocate(reducibleOver: communicator)
  }

  /// Starts the average from the parameters as they are.
  public func startAverage() {
    if let average { _ = average.values.update(fromContentsOf: parameters.values.values) }
  }

  /// Writes the scalars of the next update; allocates nothing.
  ///
  /// - Parameter learningRateFactor: what a schedule makes of the learning rate now.
  public func prepareUpdate(learningRateFactor: Double = 1) {
    let t = Double(updateCount + 1)
    set(.learningRate, settings.learningRate * learningRateFactor)
    set(.correction1, 1 / (1 - pow(settings.beta1, t)))
    set(.correction2, 1 / (1 - pow(settings.beta2, t)))
    set(.apply, 1)
    set(.averageDecay, settings.averageDecay(atUpdate: updateCount))
    updateCount += 1
  }

  private func set(_ scalar: Scalar, _ value: Double) { scalars.values[scalar.rawValue] = Float(value) }

  /// The `index`-th reported number of the last step, summed over all ranks.
  public func report(_ index: Int) -> Float {
    guard let reportOffset else { preconditionFailure("\(parameters.name) has no step yet") }
    return gradient.values[reportOffset + index]
  }
}
