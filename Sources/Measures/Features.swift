import COpenBLAS
import Communication

/// What a feature network makes of so many images, in double precision.
///
/// - Shapes: `[count, width]`, row-major.
public struct Features: Sendable {
  /// Rows that are worked on together, counted from the first: what ranks share work by, so that nothing depends on how
  /// many there are.
  public static let blockSize = 64

  public let count: Int
  public let width: Int
  let values: [Double]
  /// Σ of squares of each row.
  let squares: [Double]

  /// - Precondition: `values` are whole rows of `width`.
  public init(width: Int, values: [Float]) {
    precondition(width > 0 && values.count % width == 0, "\(values.count) values in rows of \(width)")
    self.init(width: width, doubles: values.map(Double.init))
  }

  public init(width: Int, doubles values: [Double]) {
    (self.width, self.values) = (width, values)
    count = values.count / width
    squares = (0..<values.count / width).map { row in
      values[row * width..<(row + 1) * width].reduce(0) { $0 + $1 * $1 }
    }
  }

  public var areFinite: Bool { squares.allSatisfy(\.isFinite) }

  /// The rows at `indices`, in that order.
  public func selecting(_ indices: some Sequence<Int>) -> Features {
    Features(width: width, doubles: indices.flatMap { values[$0 * width..<($0 + 1) * width] })
  }

  /// Products of rows with rows of another set.
  ///
  /// - Shapes: result `[rows.count, columns.count]`.
  func products(
    _ rows: Range<Int>, with other: Features, _ columns: Range<Int>, into result: UnsafeMutableBufferPointer<Double>
  ) {
    precondition(width == other.width && result.count >= rows.count * columns.count)
    guard !rows.isEmpty, !columns.isEmpty else { return }
    let (m, n, k) = (Int32(rows.count), Int32(columns.count), Int32(width))
    values.withUnsafeBufferPointer { a in
      other.values.withUnsafeBufferPointer { b in
        guard let a = a.baseAddress, let b = b.baseAddress, let c = result.baseAddress else { return }
        cblas_dgemm(
          CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, a + rows.lowerBound * width, k,
          b + columns.lowerBound * width, k, 0, c, n)
      }
    }
  }
}

/// Work shared by ranks, block by block; what they find is put together in tables that are the same for any number of them.
public struct SharedWork {
  let rank: Int
  let size: Int
  private let combine: (inout [Double]) throws -> Void

  public init(_ communicator: any Communicator) {
    (rank, size) = (communicator.rank, communicator.size)
    combine = { table in
      try table.withUnsafeMutableBufferPointer { try communicator.allReduceSum($0) }
    }
  }

  /// One rank's.
  public init() { (rank, size, combine) = (0, 1, { _ in }) }

  /// Adds a table over all ranks, in which each value comes from one of them and is zero elsewhere, or is a whole number:
  /// then the sum is exact.
  public func sum(_ table: inout [Double]) throws { try combine(&table) }

  /// This rank's share of `count` pieces.
  func own(of count: Int) -> StrideTo<Int> { stride(from: rank, to: count, by: size) }
}
