import CKernels
import COpenBLAS

/// A stored matrix: row r begins at `start + r · stride`.
struct StridedMatrix {
  let start: UnsafeMutablePointer<Float>
  let stride: Int
}

extension UnfoldedConvolution {
  /// Our micro-kernel reads the right operand again for every few rows; up to this many floats that stays in the
  /// second-level cache, and it is 5–20 % faster than OpenBLAS (576×64, 1152×128; blocks of 256 rows). Beyond, as
  /// 2304×256, OpenBLAS is 10 % faster.
  static let microKernelLimit = 1 << 18

  static func algorithm(inner: Int, columns: Int) -> ProductGeometry.Algorithm {
    inner * columns <= microKernelLimit ? .microKernel : .openBLAS
  }

  /// result = op(left) · right, or added to result; op(left) is left `[rows, inner]`, or left `[inner, rows]` transposed.
  static func multiply(
    rows: Int, inner: Int, columns: Int, left: StridedMatrix, transposesLeft: Bool = false, right: StridedMatrix,
    result: StridedMatrix, adds: Bool = false
  ) {
    switch algorithm(inner: inner, columns: columns) {
    case .microKernel:
      ck_matmul(
        transposesLeft ? 1 : 0, 0, Int64(rows), Int64(columns), Int64(inner), left.start, Int64(left.stride),
        right.start, Int64(right.stride), adds ? 1 : 0, result.start, Int64(result.stride), nil)
    case .openBLAS:
      cblas_sgemm(
        CblasRowMajor, transposesLeft ? CblasTrans : CblasNoTrans, CblasNoTrans, blasint(rows), blasint(columns),
        blasint(inner), 1, left.start, blasint(left.stride), right.start, blasint(right.stride), adds ? 1 : 0,
        result.start, blasint(result.stride))
    }
  }

  /// The same for many rows, a block of them at a time: the micro-kernel passes over the left operand once for every
  /// 48 columns.
  static func multiplyRows(
    _ rows: Range<Int>, inner: Int, columns: Int, left: UnsafeMutablePointer<Float>,
    right: UnsafeMutablePointer<Float>, result: UnsafeMutablePointer<Float>
  ) {
    let block = algorithm(inner: inner, columns: columns) == .microKernel ? blockPositions : max(1, rows.count)
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: block) {
      multiply(
        rows: min(block, rows.upperBound - first), inner: inner, columns: columns,
        left: StridedMatrix(start: left + first * inner, stride: inner),
        right: StridedMatrix(start: right, stride: columns),
        result: StridedMatrix(start: result + first * columns, stride: columns))
    }
  }
}
