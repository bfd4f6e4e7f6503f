import CKernels

/// Copies of matrices, for slices and joins: rows of `columns` floats, `sourceStride` and `destinationStride` apart.
public struct StridedCopy {
  let source: UnsafeMutablePointer<Float>
  let sourceStride: Int
  let destination: UnsafeMutablePointer<Float>
  let destinationStride: Int
  let rows: Int
  let columns: Int

  public init(
    source: UnsafeMutablePointer<Float>, stride sourceStride: Int, destination: UnsafeMutablePointer<Float>,
    stride destinationStride: Int, rows: Int, columns: Int
  ) {
    self.source = source
    self.sourceStride = sourceStride
    self.destination = destination
    self.destinationStride = destinationStride
    self.rows = rows
    self.columns = columns
  }

  /// Copies what one of `parts` has to: some rows, or some columns of a few long ones.
  func run(part: Int, of parts: Int) {
    let splitsRows = rows >= parts
    let r = splitsRows ? ThreadTeam.range(of: rows, part: part, parts: parts) : 0..<rows
    let c = splitsRows ? 0..<columns : ThreadTeam.range(of: columns, grain: 16, part: part, parts: parts)
    ck_copy_strided(
      source + r.lowerBound * sourceStride + c.lowerBound, Int64(sourceStride),
      destination + r.lowerBound * destinationStride + c.lowerBound, Int64(destinationStride), Int64(r.count),
      Int64(c.count))
  }
}

extension ThreadTeam {
  /// Makes a call that does all `copies`; what is in its place already is left alone.
  public func bind(_ copies: [StridedCopy]) -> () -> Void {
    let copies = copies.filter { $0.source != $0.destination && $0.rows > 0 && $0.columns > 0 }
    let elements = copies.reduce(0) { $0 + 2 * $1.rows * $1.columns }
    guard count > 1, elements >= Self.worthwhileElements else {
      return { for copy in copies { copy.run(part: 0, of: 1) } }
    }
    return bind { part, parts in for copy in copies { copy.run(part: part, of: parts) } }
  }
}
