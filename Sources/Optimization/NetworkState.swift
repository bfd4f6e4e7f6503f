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
  private var reduction = ReductionSettings()
  private var buckets: [Range<Int>] = []
  /// Values of the gradient block that are gradients.
  private var gradientCount = 0
  /// Updates made so far: Adam's t.
  public var updateCount = 0

  /// `[apply, norm]` of the last step.
  private let verdict: StateBlock

  private enum Scalar: Int, CaseIterable {
    case learningRate, correction1, correction2, averageDecay, normLimit, checksFinite
  }

  public init(name: String, settings: OptimizerSettings) {
    parameters = ParameterTable(name: name)
    spectral = SpectralVectors(name: name)
    self.settings = settings
    firstMoment = StateBlock(name: "\(name) first moment")
    secondMoment = StateBlock(name: "\(name) second moment")
    average = settings.averageDecay == nil ? nil : StateBlock(name: "\(name) average")
    gradient = StateBlock(name: "\(name) gradient")
    scalars = StateBlock(name: "\(name) scalars", count: Scalar.allCases.count)
    verdict = StateBlock(name: "\(name) verdict", count: 2)
  }

  /// Adds the end of a training step to the graph: gradients of `loss` (this rank's share), handed over together with
  /// `reports` to be summed over all ranks, in buckets as they become ready. `updateGraph()` takes them from there.
  ///
  /// - Shapes: loss `[]`; reports any, the first of them the loss.
  /// - Parameter earlier: gradients of another part of the loss, from `gradients(of:)`.
  /// - Returns: what the plan of the step must have as outputs.
  /// - Precondition: called once, after all layers of the network have been built.
  public func addGradients(
    loss: Value, adding earlier: [Value]? = nil, reports: [Value], settings: ReductionSettings
  ) throws -> [Value] {
    precondition(reportOffset == nil, "\(parameters.name) is updated by one step only")
    let graph = loss.graph
    return try graph.inLayer("\(parameters.name) gradients") {
      var found = try gradients(of: loss)
      if let earlier { found = try zip(earlier, found).map { try $0 + $1 } }
      let padded = parameters.values.count
      for block in [firstMoment, secondMoment] + (average.map { [$0] } ?? []) { _ = block.reserve(padded) }
      _ = gradient.reserve(padded)
      let first = gradient.reserve(reports.reduce(0) { $0 + $1.shape.count })
      reportOffset = first
      var offsets = parameters.entries.map(\.offset)
      var next = first
      for report in reports {
        offsets.append(next)
        next += report.shape.count
      }
      let parts = Array(zip(offsets, found + reports))
      (reduction, gradientCount) = (settings, padded)
      buckets = settings.buckets(
        ofParts: parts.map { (offset: $0.0, ready: $0.1.index) }, floatCount: gradient.count)
      return try buckets.enumerated().map { number, bucket in
        let inside = parts.filter { bucket.contains($0.0) }
        return try graph.startSum(of: inside.map(\.1), at: inside.map(\.0), bucket: number, of: gradient)
      }
    }
  }

  /// The gradients of a part of the loss with respect to all parameters, in the order of the table.
  ///
  /// - Precondition: all layers of the network have been built.
  public func gradients(of loss: Value) throws -> [Value] {
    try loss.graph.inLayer("\(parameters.name) gradients") {
      let values = try parameters.entries.map {
        try loss.graph.read(parameters.values, at: $0.offset, shape: $0.shape)
      }
      return try Graphs.gradients(of: loss, withRespectTo: values)
    }
  }

  /// What follows the sum of the gradients: the guard, and what that lets pass: the update, the power iterations, the
  /// average.
  ///
  /// - Precondition: `addGradients` was called.
  public func updateGraph() throws -> Graph {
    let graph = Graph()
    try addUpdate(to: graph, after: [])
    return graph
  }

  /// Gradients and update in one program: for trainings that do nothing while gradients travel.
  public func addUpdate(loss: Value, reports: [Value]) throws {
    let started = try addGradients(loss: loss, reports: reports, settings: ReductionSettings())
    try addUpdate(to: loss.graph, after: started)
  }

  private func addUpdate(to graph: Graph, after started: [Value]) throws {
    guard let reportOffset else { preconditionFailure("\(parameters.name) has no step yet") }
    try graph.inLayer("\(parameters.name) update") {
      let summed = try graph.finishSum(of: gradient, after: started)
      _ = try graph.apply(
        GradientGuard(gradients: gradient, lossOffset: reportOffset, verdict: verdict),
        [summed, read(.normLimit, graph), read(.checksFinite, graph)])
      let apply = try graph.read(verdict, shape: .scalar)
      _ = try graph.apply(
        AdamUpdate(
          parameters: parameters.values, firstMoment: firstMoment, secondMoment: secondMoment,
          beta1: Float(settings.beta1), beta2: Float(settings.beta2), epsilon: Float(settings.epsilon),
          decay: Float(settings.weightDecay)),
        [summed, read(.learningRate, graph), read(.correction1, graph), read(.correction2, graph), apply])
      if !spectral.isEmpty {
        _ = try graph.apply(
          PowerIteration(
            matrices: spectral.matrices, parameters: parameters.values, vectors: spectral.values,
            count: settings.powerIterations),
          [apply])
      }
      if let average {
        _ = try graph.apply(
          WeightAverage(average: average, parameters: parameters.values),
          [read(.averageDecay, graph), apply])
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
    verdict.allocate()
    try gradient.allocate(
      reducibleOver: communicator, buckets: buckets, settings: reduction, normCount: gradientCount)
  }

  /// Starts the average from the parameters as they are.
  public func startAverage() {
    if let average { _ = average.values.update(fromContentsOf: parameters.values.values) }
  }

  /// Writes the scalars of the next update; allocates nothing.
  ///
  /// - Parameters:
  ///   - learningRateFactor: what a schedule makes of the learning rate now.
  ///   - normLimit: the longest gradient that may be used; below 0 for none at all.
  ///   - checksFinite: whether a loss or gradient that is not finite leaves everything as it is.
  public func prepareUpdate(learningRateFactor: Double = 1, normLimit: Float = .infinity, checksFinite: Bool = true) {
    let t = Double(updateCount + 1)
    set(.learningRate, settings.learningRate * learningRateFactor)
    set(.correction1, 1 / (1 - pow(settings.beta1, t)))
    set(.correction2, 1 / (1 - pow(settings.beta2, t)))
    set(.averageDecay, settings.averageDecay(atUpdate: updateCount))
    set(.normLimit, Double(normLimit))
    set(.checksFinite, checksFinite ? 1 : 0)
  }

  /// Tells `observer` of every bucket of gradients that has been summed; see `ReducibleBlock.observe`.
  public func observeSums(_ observer: ((_ bucket: Int, _ start: UInt64, _ end: UInt64) -> Void)?) {
    gradient.reducible?.observe(observer)
  }

  /// Bytes that a rank gives to the sum over all ranks in a step, and in how many buckets.
  public var summedBytes: Int { 4 * gradient.count }
  public var bucketCount: Int { buckets.count }
  /// Numbers in each bucket, in the order in which they are summed.
  public var bucketFloatCounts: [Int] { buckets.map(\.count) }

  /// Counts the update that the step has made, if it has; to be called after the step.
  public func finishUpdate() { if wasApplied { updateCount += 1 } }

  /// Whether the guard let the last step's gradient pass.
  public var wasApplied: Bool { verdict.values[0] != 0 }

  /// Length of the last step's gradient, summed over all ranks.
  public var gradientNorm: Float { verdict.values[1] }

  private func set(_ scalar: Scalar, _ value: Double) { scalars.values[scalar.rawValue] = Float(value) }

  /// The `index`-th reported float of the last step, summed over all ranks.
  public func report(_ index: Int) -> Float {
    guard let reportOffset else { preconditionFailure("\(parameters.name) has no step yet") }
    return gradient.values[reportOffset + index]
  }
}
