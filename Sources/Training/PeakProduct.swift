import Clocks
import Kernels
import Programs
import Tensors

/// The speed of a product so large that packing and memory do not count: what this machine can do at best.
public enum PeakProduct {
  /// GFLOP/s of a 2048 × 2048 × 2048 product by OpenBLAS, shared by the team, the best of five.
  public static func measure(on team: ThreadTeam = ThreadTeam()) -> Double {
    let n = 2048
    let blocks = (0..<3).map { _ in MemoryBlock(byteCount: n * n * MemoryLayout<Float>.stride) }
    // The product holds addresses, which do not keep the memory.
    defer { withExtendedLifetime(blocks) {} }
    for block in blocks.prefix(2) { block.floats.update(repeating: 1) }
    let product = BoundProduct(
      ProductGeometry(batch: 1, rows: n, columns: n, inner: n, transposesLeft: false, transposesRight: false),
      left: blocks[0].floats.baseAddress!, right: blocks[1].floats.baseAddress!,
      result: blocks[2].floats.baseAddress!, workspace: blocks[2].floats.baseAddress!, algorithm: .openBLAS)
    let run = product.bind(on: team)
    run()
    let nanoseconds = (0..<5).map { _ -> UInt64 in
      let start = SystemClock.monotonic.nanoseconds
      run()
      return SystemClock.monotonic.nanoseconds - start
    }
    return 2 * Double(n * n * n) / Double(nanoseconds.min()!)
  }
}
