import Clocks
import Kernels
import Programs
import Tensors

/// The speed of a product so large that packing and memory do not count: what this machine can do at best.
public enum PeakProduct {
  /// GFLOP/s of a 2048 × 2048 × 2048 product by OpenBLAS, shared by the team, the best of five.
  public static func measure(on team: ThreadTeam = ThreadTeam()) -> Double {
    measure(rows: 2048, columns: 2048, inner: 2048, by: .openBLAS, on: team)
  }

  /// GFLOP/s of 1024 × 256 × 256 products by our own kernel, shared by the team: nearly all from a cache.
  static func measureCached(on team: ThreadTeam) -> Double {
    measure(rows: 1024, columns: 256, inner: 256, by: .microKernel, on: team)
  }

  private static func measure(
    rows: Int, columns: Int, inner: Int, by algorithm: ProductGeometry.Algorithm, on team: ThreadTeam
  ) -> Double {
    let geometry = ProductGeometry(
      batch: 1, rows: rows, columns: columns, inner: inner, transposesLeft: false, transposesRight: false)
    let workspace = max(1, algorithm == .microKernel ? geometry.workspaceCount(threads: team.count) : 1)
    let blocks = [rows * inner, inner * columns, rows * columns, workspace].map {
      MemoryBlock(byteCount: $0 * MemoryLayout<Float>.stride)
    }
    // The product holds addresses, which do not keep the memory.
    defer { withExtendedLifetime(blocks) {} }
    for block in blocks.prefix(2) { block.floats.update(repeating: 1) }
    let product = BoundProduct(
      geometry, left: blocks[0].floats.baseAddress!, right: blocks[1].floats.baseAddress!,
      result: blocks[2].floats.baseAddress!, workspace: blocks[3].floats.baseAddress!, algorithm: algorithm)
    let run = product.bind(on: team)
    run()
    let operations = 2 * rows * columns * inner
    // Enough at a time for the clock.
    let repetitions = max(1, (1 << 30) / operations)
    let nanoseconds = (0..<5).map { _ -> UInt64 in
      let start = SystemClock.monotonic.nanoseconds
      for _ in 0..<repetitions { run() }
      return SystemClock.monotonic.nanoseconds - start
    }
    return Double(operations * repetitions) / Double(nanoseconds.min()!)
  }
}
