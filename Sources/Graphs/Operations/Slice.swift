import Kernels
import Tensors

/// The elements `start..<start + length` along one axis.
public struct Slice: Operation {
  public let axis: Int
  public let start: Int
  public let length: Int
  /// True where nothing but extents of 1 lies outside the axis: the elements are then one stretch of the input.
  let isContiguous: Bool

  public var name: String { "slice" }
  public var role: OperationRole { isContiguous ? .view(offset: contiguousOffset) : .kernel }
  private let contiguousOffset: Int

  init(axis: Int, start: Int, length: Int, of input: Shape) {
    self.axis = axis
    self.start = start
    self.length = length
    isContiguous = input.dimensions[..<axis].allSatisfy { $0 == 1 }
    contiguousOffset = start * input.dimensions[(axis + 1)...].reduce(1, *)
  }

  public func shape(of inputs: [Shape]) throws -> Shape {
    guard start >= 0, length >= 0, start + length <= inputs[0][axis] else {
      throw ShapeError("elements \(start)..<\(start + length) of axis \(axis) of \(inputs[0])")
    }
    var dimensions = inputs[0].dimensions
    dimensions[axis] = length
    return Shape(dimensions)
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    let x = application.inputs[0]
    let before = try zeros(like: x, extent: start)
    let after = try zeros(like: x, extent: x.shape[axis] - start - length)
    return [try concatenate([before, application.outputGradient, after].compactMap { $0 }, axis: axis)]
  }

  private func zeros(like x: Value, extent: Int) throws -> Value? {
    if extent == 0 { return nil }
    var dimensions = x.shape.dimensions
    dimensions[axis] = extent
    return try x.graph.constant(0, shape: Shape(dimensions))
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    let inner = context.inputShapes[0].dimensions[(axis + 1)...].reduce(1, *)
    let rows = context.inputShapes[0].dimensions[..<axis].reduce(1, *)
    let rowLength = context.inputShapes[0][axis] * inner
    let width = length * inner
    return context.team.bind([
      StridedCopy(
        source: context.inputs[0] + start * inner, stride: rowLength, destination: context.output, stride: width,
        rows: rows, columns: width)
    ])
  }
}

extension Value {
  /// The elements `range` along `axis`.
  public func slice(_ range: Range<Int>, axis: Int = 0) throws -> Value {
    if range == 0..<shape[axis] { return self }
    return try graph.apply(Slice(axis: axis, start: range.lowerBound, length: range.count, of: shape), [self])
  }
}
