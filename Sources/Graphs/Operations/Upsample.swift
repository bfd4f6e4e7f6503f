import Tensors

/// Repeats every pixel of images twice along height and width.
///
///     y[n, 2i + a, 2j + b, c] = x[n, i, j, c],  a, b ∈ {0, 1}
///
/// A fused run reads it from the small image; it is in memory only where another kernel wants it.
///
/// - Shapes: `[N, H, W, C]`; result `[N, 2H, 2W, C]`.
public struct Upsample: Operation {
  public var name: String { "upsample" }
  public var role: OperationRole { .broadcast }

  public func shape(of inputs: [Shape]) throws -> Shape {
    let x = inputs[0]
    guard x.rank == 4 else { throw ShapeError("\(x) is not a batch of images [N, H, W, C]") }
    return [x[0], 2 * x[1], 2 * x[2], x[3]]
  }

  public func gradients(_ application: Application) throws -> [Value?] { [try sumPool(application.outputGradient)] }
}

/// The sum of each 2×2 pixels of images: the adjoint of `Upsample`.
///
///     y[n, i, j, c] = Σ_ab x[n, 2i + a, 2j + b, c],  a, b ∈ {0, 1}
///
/// Part of a fused run over the small image, which reads the four pixels of the large one.
///
/// - Shapes: `[N, H, W, C]`, H and W even; result `[N, H/2, W/2, C]`.
public struct SumPool: Operation {
  public var name: String { "sumPool" }
  public var role: OperationRole { .pool }

  public func shape(of inputs: [Shape]) throws -> Shape {
    let x = inputs[0]
    guard x.rank == 4 else { throw ShapeError("\(x) is not a batch of images [N, H, W, C]") }
    guard x[1] % 2 == 0, x[2] % 2 == 0 else { throw ShapeError("height and width of \(x) must be even") }
    return [x[0], x[1] / 2, x[2] / 2, x[3]]
  }

  public func gradients(_ application: Application) throws -> [Value?] { [try upsample(application.outputGradient)] }

  public func cost(inputs: [Shape], output: Shape) -> Cost { .pass(inputs, output, operationsPerElement: 3) }

  /// How a run over the output walks its input: strides in the output's axes, and where the four pixels start.
  public static func walk(of input: Shape) -> (strides: [Int], offsets: [Int]) {
    let row = input[2] * input[3]
    return ([input[1] * row, 2 * row, 2 * input[3], 1], [0, input[3], row, row + input[3]])
  }
}

/// Images of twice the height and width, every pixel repeated (nearest neighbour).
///
/// - Shapes: `[N, H, W, C]`; result `[N, 2H, 2W, C]`.
public func upsample(_ x: Value) throws -> Value {
  if let constant = x.constant {
    let shape = try x.graph.namingLayer("upsample") { try Upsample().shape(of: [x.shape]) }
    return try x.graph.constant(constant, shape: shape)
  }
  return try x.graph.apply(Upsample(), [x])
}

/// The sum of each 2×2 pixels.
///
/// - Shapes: `[N, H, W, C]`, H and W even; result `[N, H/2, W/2, C]`.
public func sumPool(_ x: Value) throws -> Value {
  if x.node.operation is Upsample { return try 4 * Value(graph: x.graph, index: x.node.inputs[0]) }
  if let constant = x.constant {
    let shape = try x.graph.namingLayer("sumPool") { try SumPool().shape(of: [x.shape]) }
    return try x.graph.constant(4 * constant, shape: shape)
  }
  return try x.graph.apply(SumPool(), [x])
}

/// The mean of each 2×2 pixels.
///
/// - Shapes: `[N, H, W, C]`, H and W even; result `[N, H/2, W/2, C]`.
public func averagePool(_ x: Value) throws -> Value {
  if x.node.operation is Upsample { return Value(graph: x.graph, index: x.node.inputs[0]) }
  if let folded = try averagePoolOfConvolution(x) { return folded }
  return try 0.25 * sumPool(x)
}
