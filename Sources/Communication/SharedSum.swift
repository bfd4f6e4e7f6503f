import CMPI

/// Sums over the blocks of ranks that see each other's memory: each rank adds up one slice of all blocks, in rank order,
/// and writes the result into all of them. So every rank reads and writes 1/size of the data, and all hold the same bits.
///
///     block[r][i] = block[0][i] + block[1][i] + … + block[size − 1][i]   for all r
final class SharedSum {
  private let barrier: SharedBarrier
  private let blocks: [UnsafeMutablePointer<Float>]
  private let slice: Range<Int>

  /// - Parameter blocks: every rank's values as this rank sees them, in rank order; `count` each.
  init(barrier: SharedBarrier, blocks: [UnsafeMutablePointer<Float>], count: Int) {
    precondition(blocks.count == barrier.size, "\(blocks.count) blocks for \(barrier.size) ranks")
    self.barrier = barrier
    self.blocks = blocks
    slice = Self.slice(of: count, rank: barrier.rank, size: barrier.size)
  }

  func run() throws(CommunicationError) {
    try barrier.wait()
    add(slice)
    try barrier.wait()
  }

  /// Sums, and returns Σ sum[i]² over the first `count` values: each rank adds the squares of its slice while it has them in
  /// registers, then all add the parts in rank order, so that all get the same bits.
  func run(squaresOfFirst count: Int) throws(CommunicationError) -> Double {
    try barrier.wait()
    let border = min(max(count, slice.lowerBound), slice.upperBound)
    let part = addWithSquares(slice.lowerBound..<border)
    add(border..<slice.upperBound)
    try barrier.wait(showing: part)
    return (0..<barrier.size).reduce(0) { $0 + barrier.shown(by: $1) }
  }

  private func add(_ range: Range<Int>) {
    blocks.withUnsafeBufferPointer { all in
      guard let first = all.baseAddress, !range.isEmpty else { return }
      cmpi_sum_across(first, Int32(all.count), Int64(range.lowerBound), Int64(range.count))
    }
  }

  private func addWithSquares(_ range: Range<Int>) -> Double {
    blocks.withUnsafeBufferPointer { all in
      guard let first = all.baseAddress, !range.isEmpty else { return 0 }
      return cmpi_sum_across_with_squares(first, Int32(all.count), Int64(range.lowerBound), Int64(range.count))
    }
  }

  /// The values that `rank` adds up: near-equal parts in whole cache lines (16 floats), so that no line has two writers.
  static func slice(of count: Int, rank: Int, size: Int) -> Range<Int> {
    let lines = (count + 15) / 16
    return min(count, lines * rank / size * 16)..<min(count, lines * (rank + 1) / size * 16)
  }
}
