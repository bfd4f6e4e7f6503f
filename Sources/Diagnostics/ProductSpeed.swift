import Clocks
import Kernels
import Tensors

/// How fast a rank multiplies, and at which clock.
enum ProductSpeed {
  private static let extent = 1024
  private static let budgetNanoseconds: UInt64 = 400_000_000

  /// The best of at least three 1024 × 1024 × 1024 products by OpenBLAS, shared by the team, within 0.4 s.
  static func measure(on team: ThreadTeam) -> (gigaflopsPerSecond: Double, coreShare: Double) {
    let n = extent
    let blocks = (0..<3).map { _ in MemoryBlock(byteCount: n * n * MemoryLayout<Float>.stride) }
    // The product holds addresses only.
    defer { withExtendedLifetime(blocks) {} }
    for block in blocks.prefix(2) { block.floats.update(repeating: 1) }
    let addresses = blocks.compactMap(\.floats.baseAddress)
    let product = BoundProduct(
      ProductGeometry(batch: 1, rows: n, columns: n, inner: n, transposesLeft: false, transposesRight: false),
      left: addresses[0], right: addresses[1], result: addresses[2], workspace: addresses[2], algorithm: .openBLAS)
    let run = product.bind(on: team)
    run()
    let (start, used) = (SystemClock.monotonic.nanoseconds, SystemClock.thread.nanoseconds)
    var (best, rounds, elapsed) = (UInt64.max, 0, UInt64(0))
    while rounds < 3 || elapsed < budgetNanoseconds {
      let before = SystemClock.monotonic.nanoseconds
      run()
      let after = SystemClock.monotonic.nanoseconds
      best = min(best, after - before)
      rounds += 1
      elapsed = after - start
    }
    let share = Double(SystemClock.thread.nanoseconds - used) / Double(max(1, elapsed))
    return (2 * Double(n * n * n) / Double(max(1, best)), min(1, share))
  }

  /// The clock of this core under load: a chain of multiplications, each of which waits for the one before. Nil on other
  /// processors than x86-64, where a link's time is not known.
  ///
  ///     x ← (x · a) ⊕ b        3 + 1 clocks on Intel's cores since Nehalem and AMD's since Zen
  static func measureGigahertz() -> Double? {
    #if arch(x86_64)
      let links = 100_000
      var (best, state) = (UInt64.max, SystemClock.monotonic.nanoseconds | 1)
      for _ in 0..<20 {
        let start = SystemClock.monotonic.nanoseconds
        state = chain(links, from: state)
        best = min(best, SystemClock.monotonic.nanoseconds - start)
      }
      // The state is looked at, so that the chain must be computed.
      return state == 0 || best == 0 ? nil : 4 * Double(links) / Double(best)
    #else
      return nil
    #endif
  }

  @inline(never)
  private static func chain(_ links: Int, from start: UInt64) -> UInt64 {
    var x = start
    for _ in 0..<links { x = (x &* 0x9E37_79B9_7F4A_7C15) ^ 0xBF58_476D_1CE4_E5B9 }
    return x
  }
}
