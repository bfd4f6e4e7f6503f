import Tensors

/// Repeats a tensor along axes where it has extent 1, after adding leading axes as needed.
///
/// - Source: NumPy's broadcasting rules.
public struct Broadcast: Operation {
  public let outputShape: Shape

  public var name: String { "broadcast" }
  public var role: OperationRole { .broadcast }

  public func shape(of inputs: [Shape]) throws -> Shape {
    guard try broadcastShape(inputs[0], outputShape) == outputShape else {
      throw ShapeError("\(inputs[0]) does not repeat to \(outputShape)")
    }
    return outputShape
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    [try application.outputGradient.summed(to: application.inputs[0].shape)]
  }

  /// Row-major strides of the input in the output's axes; 0 where it repeats.
  public static func strides(of input: Shape, in output: Shape) -> [Int] {
    var strides = [Int](repeating: 0, count: output.rank)
    var stride = 1
    for axis in (0..<input.rank).reversed() {
      let outputAxis = axis + output.rank - input.rank
      strides[outputAxis] = input[axis] == 1 ? 0 : stride
      stride *= input[axis]
    }
    return strides
  }
}

/// The common shape of two tensors that are combined element by element.
/// - Throws: `ShapeError` where extents differ and neither is 1.
func broadcastShape(_ a: Shape, _ b: Shape) throws -> Shape {
  let rank = max(a.rank, b.rank)
  return Shape(
    try (0..<rank).map { axis in
      let i = axis - (rank - a.rank)
      let j = axis - (rank - b.rank)
      let extentA = i >= 0 ? a[i] : 1
      let extentB = j >= 0 ? b[j] : 1
      guard extentA == extentB || extentA == 1 || extentB == 1 else {
        throw ShapeError("\(a) and \(b) differ at axis \(axis) and neither is 1 there")
      }
      return extentA == 1 ? extentB : extentA
    })
}

extension Value {
  /// This tensor repeated to `shape`.
  public func broadcast(to shape: Shape) throws -> Value {
    if shape == self.shape { return self }
    if let constant { return try graph.constant(constant, shape: shape) }
    // Nothing repeats: only axes of extent 1 are added.
    if shape.count == self.shape.count { return try reshaped(to: shape) }
    return try graph.apply(Broadcast(outputShape: shape), [self])
  }

  /// The adjoint of `broadcast`: sums over the repeated axes, so that the result has `shape`.
  func summed(to shape: Shape) throws -> Value {
    if shape == self.shape { return self }
    let added = self.shape.rank - shape.rank
    let axes = (0..<self.shape.rank).filter {
      $0 < added || (shape[$0 - added] == 1 && self.shape[$0] != 1)
    }
    return try sum(axes: axes).reshaped(to: shape)
  }
}
