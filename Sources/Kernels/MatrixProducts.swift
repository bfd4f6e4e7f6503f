import CKernels
import COpenBLAS
import Tensors

/// The extents of a batch of equal matrix products C = op(A) · op(B), all row-major and densely packed.
public struct ProductGeometry: Hashable, Sendable {
  public let batch: Int
  /// Rows of op(A) and C.
  public let rows: Int
  /// Columns of op(B) and C.
  public let columns: Int
  /// Columns of op(A), rows of op(B).
  public let inner: Int
  public let transposesLeft: Bool
  public let transposesRight: Bool

  public init(batch: Int, rows: Int, columns: Int, inner: Int, transposesLeft: Bool, transposesRight: Bool) {
    self.batch = batch
    self.rows = rows
    self.columns = columns
    self.inner = inner
    self.transposesLeft = transposesLeft
    self.transposesRight = transposesRight
  }

  /// Who multiplies. Small products spend more on OpenBLAS's packing than on arithmetic.
  public enum Algorithm: Hashable, Sendable { case openBLAS, microKernel }

  /// Up to this inner extent our own micro-kernel, which does not block over it, is faster than OpenBLAS; and up to this
  /// many multiply-adds it has been compared (8×8×16 to 2048×256×256; `lockstep profile`, batches of 64 to 1,024).
  static let microKernelInnerLimit = 512
  static let microKernelLimit = 128 << 20

  public var algorithm: Algorithm {
    inner <= Self.microKernelInnerLimit && rows * columns * inner <= Self.microKernelLimit ? .microKernel : .openBLAS
  }

  /// Whether a bias can be added on the way out.
  public var takesEpilogue: Bool { batch == 1 && algorithm == .microKernel }

  /// Scratch floats that `BoundProduct.run` needs, per thread.
  public var workspaceCount: Int {
    switch algorithm {
    case .openBLAS: 0
    case .microKernel:
      Int(
        ck_matmul_workspace(
          transposesLeft ? 1 : 0, transposesRight ? 1 : 0, Int64(rows), Int64(columns), Int64(inner)))
    }
  }
}

/// What a product does to its result before it leaves the registers: `x + bias`, then LeakyReLU.
public struct ProductEpilogue {
  /// One number per column.
  public let bias: UnsafeMutablePointer<Float>
  /// Slope below zero; nil leaves the sum as it is.
  public let slope: Float?

  public init(bias: UnsafeMutablePointer<Float>, slope: Float?) {
    self.bias = bias
    self.slope = slope
  }
}

/// A batch of products bound to addresses.
public struct BoundProduct {
  let geometry: ProductGeometry
  let left: UnsafeMutablePointer<Float>
  let right: UnsafeMutablePointer<Float>
  let result: UnsafeMutablePointer<Float>
  let workspace: UnsafeMutablePointer<Float>
  let algorithm: ProductGeometry.Algorithm
  let epilogue: ProductEpilogue?

  /// - Precondition: an epilogue goes with one product by the micro-kernel.
  /// - Shapes: left `[batch, m, k]` or transposed `[batch, k, m]`, right `[batch, k, n]` or `[batch, n, k]`, result
  ///   `[batch, m, n]`; `workspace` has `geometry.workspaceCount` floats, or `workspaceCount(threads:)` for a team.
  public init(
    _ geometry: ProductGeometry, left: UnsafeMutablePointer<Float>, right: UnsafeMutablePointer<Float>,
    result: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>,
    algorithm: ProductGeometry.Algorithm? = nil, epilogue: ProductEpilogue? = nil
  ) {
    self.geometry = geometry
    self.left = left
    self.right = right
    self.result = result
    self.workspace = workspace
    self.algorithm = algorithm ?? geometry.algorithm
    self.epilogue = epilogue
    precondition(epilogue == nil || geometry.takesEpilogue, "an epilogue for \(geometry)")
  }

  public func run() {
    let g = geometry
    run(ProductStretch(batch: 0..<g.batch, rows: 0..<g.rows, columns: 0..<g.columns), workspace)
  }

  /// Computes a part of the result.
  func run(_ stretch: ProductStretch, _ workspace: UnsafeMutablePointer<Float>) {
    let g = geometry
    let (m, n, k) = (g.rows, g.columns, g.inner)
    let (leftStride, rightStride) = (g.transposesLeft ? m : k, g.transposesRight ? k : n)
    let (rows, columns) = (stretch.rows, stretch.columns)
    let first = stretch.batch.lowerBound
    let left = left + first * m * k + rows.lowerBound * (g.transposesLeft ? 1 : k)
    let right = right + first * k * n + columns.lowerBound * (g.transposesRight ? k : 1)
    let result = result + first * m * n + rows.lowerBound * n + columns.lowerBound
    if let epilogue {
      return ck_matmul_bias(
        g.transposesLeft ? 1 : 0, g.transposesRight ? 1 : 0, Int64(rows.count), Int64(columns.count), Int64(k), left,
        Int64(leftStride), right, Int64(rightStride), epilogue.bias + columns.lowerBound, epilogue.slope == nil ? 0 : 1,
        epilogue.slope ?? 0, result, Int64(n), workspace)
    }
    switch algorithm {
    case .microKernel:
      ck_matmul_batched(
        Int64(stretch.batch.count), g.transposesLeft ? 1 : 0, g.transposesRight ? 1 : 0, Int64(rows.count),
        Int64(columns.count), Int64(k), left, Int64(leftStride), Int64(m * k), right, Int64(rightStride), Int64(k * n),
        0, result, Int64(n), Int64(m * n), workspace)
    case .openBLAS:
      for index in 0..<stretch.batch.count {
        cblas_sgemm(
          CblasRowMajor, g.transposesLeft ? CblasTrans : CblasNoTrans, g.transposesRight ? CblasTrans : CblasNoTrans,
          blasint(rows.count), blasint(columns.count), blasint(k), 1, left + index * m * k, blasint(leftStride),
          right + index * k * n, blasint(rightStride), 0, result + index * m * n, blasint(n))
      }
    }
  }
}
