import Kernels
import Tensors

/// The matrix product of the last two axes, one per leading index, operands transposed without a copy.
///
///     C = op(A) · op(B)
///
/// - Shapes: op(A) `[…, m, k]`, op(B) `[…, k, n]` with equal leading axes; result `[…, m, n]`.
public struct MatrixProduct: Operation {
  public let transposesLeft: Bool
  public let transposesRight: Bool

  public var name: String { "matmul" }

  public func shape(of inputs: [Shape]) throws -> Shape {
    let (a, b) = (inputs[0], inputs[1])
    guard a.rank == b.rank, a.rank >= 2, a.dimensions.dropLast(2) == b.dimensions.dropLast(2) else {
      throw ShapeError("\(a) and \(b) do not pair up")
    }
    let (m, k) = extents(a, transposed: transposesLeft)
    let (k2, n) = extents(b, transposed: transposesRight)
    guard k == k2 else {
      throw ShapeError(
        "\(a)\(transposesLeft ? "ᵀ" : "") times \(b)\(transposesRight ? "ᵀ" : ""): inner extents \(k) and \(k2)")
    }
    return Shape(a.dimensions.dropLast(2) + [m, n])
  }

  private func extents(_ shape: Shape, transposed: Bool) -> (Int, Int) {
    let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
    return transposed ? (columns, rows) : (rows, columns)
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    let (a, b) = (application.inputs[0], application.inputs[1])
    let g = application.outputGradient
    let aGradient =
      transposesLeft
      ? try product(b, g, transposingLeft: transposesRight, right: true)
      : try product(g, b, transposingLeft: false, right: !transposesRight)
    let bGradient =
      transposesRight
      ? try product(g, a, transposingLeft: true, right: transposesLeft)
      : try product(a, g, transposingLeft: !transposesLeft, right: false)
    return [aGradient, bGradient]
  }

  /// The extents of the product of inputs of these shapes.
  public func geometry(_ inputs: [Shape]) -> ProductGeometry {
    let (m, k) = extents(inputs[0], transposed: transposesLeft)
    let (_, n) = extents(inputs[1], transposed: transposesRight)
    return ProductGeometry(
      batch: inputs[0].dimensions.dropLast(2).reduce(1, *), rows: m, columns: n, inner: k,
      transposesLeft: transposesLeft, transposesRight: transposesRight)
  }

  public func cost(inputs: [Shape], output: Shape) -> Cost {
    let g = geometry(inputs)
    return Cost(
      operations: 2 * g.batch * g.rows * g.columns * g.inner,
      bytes: 4 * (inputs[0].count + inputs[1].count + output.count))
  }

  public func workspaceCount(inputs: [Shape], output: Shape, threads: Int) -> Int {
    geometry(inputs).workspaceCount(threads: threads)
  }

  public func kernel(_ context: KernelContext) -> Kernel { kernel(context, epilogue: nil) }

  /// The product followed by an epilogue, in one pass.
  public func kernel(_ context: KernelContext, epilogue: ProductEpilogue?) -> Kernel {
    let product = BoundProduct(
      geometry(context.inputShapes), left: context.inputs[0], right: context.inputs[1], result: context.output,
      workspace: context.workspace, epilogue: epilogue)
    return product.bind(on: context.team)
  }
}

private func product(_ a: Value, _ b: Value, transposingLeft: Bool, right: Bool) throws -> Value {
  try a.graph.apply(MatrixProduct(transposesLeft: transposingLeft, transposesRight: right), [a, b])
}

/// op(a) · op(b) over the last two axes.
///
/// A matrix on the right of a taller stack (`[N, T, F]` times `[F, U]`) multiplies every row of it in one product.
public func matmul(
  _ a: Value, _ b: Value, transposingLeft: Bool = false, transposingRight: Bool = false
) throws -> Value {
  if a.shape.rank > 2, b.shape.rank == 2, !transposingLeft {
    let rows = try a.reshaped(to: [a.shape.leading, a.shape.last])
    let result = try product(rows, b, transposingLeft: false, right: transposingRight)
    return try result.reshaped(to: Shape(a.shape.dimensions.dropLast() + [result.shape.last]))
  }
  return try product(a, b, transposingLeft: transposingLeft, right: transposingRight)
}
