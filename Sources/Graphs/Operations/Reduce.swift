import Kernels
import Tensors

/// Sums or takes the largest over some axes; the reduced axes stay with extent 1.
///
/// Sums of many numbers each are gathered by the fused run that makes those numbers or reads them anyway, in float64
/// from short float32 sums (see `ck_elementwise_run`); the rest, and maxima, by a kernel.
public struct Reduce: Operation {
  public typealias Function = TeamReduction.Function

  public let function: Function
  /// Ascending.
  public let axes: [Int]

  public var name: String {
    switch function {
    case .sum: "reduceSum"
    case .maximum: "reduceMaximum"
    }
  }

  public var role: OperationRole { function == .sum ? .sum : .kernel }

  public func shape(of inputs: [Shape]) throws -> Shape {
    guard axes.allSatisfy({ (0..<inputs[0].rank).contains($0) }) else {
      throw ShapeError("axes \(axes) of \(inputs[0])")
    }
    return Shape(inputs[0].dimensions.enumerated().map { axes.contains($0) ? 1 : $1 })
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    let x = application.inputs[0]
    let gradient = try application.outputGradient.broadcast(to: x.shape)
    switch function {
    case .sum: return [gradient]
    case .maximum:
      // Ties share the gradient evenly.
      let hit = try equal(x, application.output.broadcast(to: x.shape))
      return [try gradient * hit / hit.sum(axes: axes)]
    }
  }

  /// The reduced axes as runs of neighbours, innermost run first: each is one pass over `[outer, reduced, inner]`.
  private func passes(over shape: Shape, threads: Int) -> [TeamReduction] {
    var dimensions = shape.dimensions
    var passes: [TeamReduction] = []
    var last = axes.count - 1
    while last >= 0 {
      var first = last
      while first > 0, axes[first - 1] == axes[first] - 1 { first -= 1 }
      let run = axes[first]...axes[last]
      let reduced = dimensions[run].reduce(1, *)
      if reduced != 1 {
        passes.append(
          TeamReduction(
            function, outer: dimensions[..<axes[first]].reduce(1, *), reduced: reduced,
            inner: dimensions[(axes[last] + 1)...].reduce(1, *), threads: threads))
      }
      for axis in run { dimensions[axis] = 1 }
      last = first - 1
    }
    let copy = TeamReduction(function, outer: shape.count, reduced: 1, inner: 1, threads: threads)
    return passes.isEmpty ? [copy] : passes
  }

  /// Results of all passes but the last, then what the threads of a pass need.
  public func workspaceCount(inputs: [Shape], output: Shape, threads: Int) -> Int {
    let passes = passes(over: inputs[0], threads: threads)
    return passes.dropLast().reduce(0) { $0 + ThreadTeam.stretch($1.outer * $1.inner) }
      + (passes.map(\.workspaceCount).max() ?? 0)
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    let passes = passes(over: context.inputShapes[0], threads: context.team.count)
    let shared = context.workspace + passes.dropLast().reduce(0) { $0 + ThreadTeam.stretch($1.outer * $1.inner) }
    var source = context.inputs[0]
    var scratch = context.workspace
    var calls: [() -> Void] = []
    for (index, pass) in passes.enumerated() {
      let target = index == passes.count - 1 ? context.output : scratch
      calls.append(pass.bind(from: source, to: target, workspace: shared, on: context.team))
      scratch += ThreadTeam.stretch(pass.outer * pass.inner)
      source = target
    }
    if calls.count == 1 { return calls[0] }
    return { for call in calls { call() } }
  }
}

extension Value {
  /// The sum over `axes`, which stay with extent 1.
  ///
  /// Sums that are zero by construction are zero exactly: rows of a softmax's gradient, for one. Adam would turn
  /// their rounding noise into full steps.
  public func sum(axes: [Int]) throws -> Value {
    let axes = axes.sorted()
    if axes.isEmpty { return self }
    let reduce = Reduce(function: .sum, axes: axes)
    let outputShape = try graph.namingLayer(reduce.name) { try reduce.shape(of: [shape]) }
    if let constant {
      return try graph.constant(constant * Float(shape.count / max(1, outputShape.count)), shape: outputShape)
    }
    if node.operation is SoftmaxGradient, axes.contains(shape.rank - 1) {
      return try graph.constant(0, shape: outputShape)
    }
    if outputShape == shape { return self }
    return try graph.apply(reduce, [self])
  }

  /// The sum of all elements, a scalar.
  public var total: Value { get throws { try sum(axes: Array(0..<shape.rank)).reshaped(to: .scalar) } }

  /// The largest over `axes`, which stay with extent 1.
  public func maximum(axes: [Int]) throws -> Value {
    try graph.apply(Reduce(function: .maximum, axes: axes.sorted()), [self])
  }
}
