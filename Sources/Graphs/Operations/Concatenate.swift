import Kernels
import Tensors

/// Joins tensors along one axis. Along the outermost axis the producers write straight into the joined memory.
public struct Concatenate: Operation {
  public let axis: Int
  /// Offsets of the parts where they are stretches of the result; nil along an inner axis.
  private let offsets: [Int]?

  public var name: String { "concatenate" }
  public var role: OperationRole { offsets.map { .placement(offsets: $0, destination: nil) } ?? .kernel }

  init(axis: Int, inputs: [Shape]) {
    self.axis = axis
    guard inputs.allSatisfy({ $0.dimensions.prefix(axis).allSatisfy { $0 == 1 } }) else {
      offsets = nil
      return
    }
    var offset = 0
    offsets = inputs.map { shape in
      defer { offset += shape.count }
      return offset
    }
  }

  public func shape(of inputs: [Shape]) throws -> Shape {
    var dimensions = inputs[0].dimensions
    guard axis < dimensions.count else { throw ShapeError("axis \(axis) of \(inputs[0])") }
    for other in inputs.dropFirst() {
      guard
        other.rank == dimensions.count,
        (0..<dimensions.count).allSatisfy({ $0 == axis || other[$0] == dimensions[$0] })
      else { throw ShapeError("\(inputs[0]) and \(other) differ outside axis \(axis)") }
      dimensions[axis] += other[axis]
    }
    return Shape(dimensions)
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    var start = 0
    return try application.inputs.map { input in
      defer { start += input.shape[axis] }
      return try application.outputGradient.slice(start..<start + input.shape[axis], axis: axis)
    }
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    let rows = context.outputShape.dimensions[..<axis].reduce(1, *)
    let inner = context.outputShape.dimensions[(axis + 1)...].reduce(1, *)
    let rowLength = context.outputShape[axis] * inner
    var offset = 0
    return context.team.bind(
      zip(context.inputs, context.inputShapes).map { source, shape in
        let width = shape[axis] * inner
        defer { offset += width }
        return StridedCopy(
          source: source, stride: width, destination: context.output + offset, stride: rowLength, rows: rows,
          columns: width)
      })
  }
}

/// Tensors joined along `axis`.
public func concatenate(_ values: [Value], axis: Int) throws -> Value {
  if values.count == 1 { return values[0] }
  return try values[0].graph.apply(Concatenate(axis: axis, inputs: values.map(\.shape)), values)
}
