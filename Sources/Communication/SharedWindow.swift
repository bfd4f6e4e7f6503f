import CMPI
import Tensors

/// Memory that the ranks of a node share: lines of counters, those of a barrier if nothing else is said, then one stretch of
/// floats per rank.
///
/// The first rank of the node allocates all of it, so that the layout is ours and the same seen from every rank.
final class SharedWindow {
  private static let pageSize = 4096

  private var window: cmpi_window
  let counters: UnsafeMutableRawPointer
  /// Every rank's stretch, in rank order; each starts a page, so that its owner's first touch places it.
  let blocks: [UnsafeMutablePointer<Float>]

  /// Bytes of a window for `ranks` ranks with `floatCount` values each; one page more for alignment.
  static func byteCount(ranks: Int, floatCount: Int, counterBytes: Int? = nil) -> Int {
    pageSize + pages(counterBytes ?? SharedBarrier.byteCount(ranks: ranks)) + ranks * pages(4 * floatCount)
  }

  private static func pages(_ byteCount: Int) -> Int { (byteCount + pageSize - 1) / pageSize * pageSize }

  /// Collective over the node. This rank's values and, on the first rank, the counters are zeroed; nobody may use the
  /// window before all ranks have met in a barrier.
  init(
    node: cmpi_communicator, rank: Int, size: Int, floatCount: Int, counterBytes: Int? = nil, check: MPICheck
  ) throws(CommunicationError) {
    let counterBytes = counterBytes ?? SharedBarrier.byteCount(ranks: size)
    let total = Self.byteCount(ranks: size, floatCount: floatCount, counterBytes: counterBytes)
    window = cmpi_window()
    try check(cmpi_allocate_shared(node, Int64(rank == 0 ? total : 0), &window), "MPI_Win_allocate_shared")
    var seen: Int64 = 0
    var address: UnsafeMutableRawPointer?
    try check(cmpi_query_shared(window, 0, &seen, &address), "MPI_Win_shared_query")
    guard let address, seen >= Int64(total) else {
      throw .mpi(
        call: "MPI_Win_shared_query", code: 0, text: "\(seen) bytes of the \(total) asked for", rank: check.rank)
    }
    // Mappings start at pages, so the offset to the next page is the same in every process.
    let base = address.alignedUp(toMultipleOf: Self.pageSize)
    let first = base + Self.pages(counterBytes)
    counters = base
    blocks = (0..<size).map { (first + $0 * Self.pages(4 * floatCount)).assumingMemoryBound(to: Float.self) }
    if rank == 0 {
      base.initializeMemory(as: UInt8.self, repeating: 0, count: counterBytes)
    }
    UnsafeMutableRawPointer(blocks[rank]).initializeMemory(as: Float.self, repeating: 0, count: floatCount)
  }

  /// Collective over the node; nothing of the window may be touched afterwards.
  func free(check: MPICheck) throws(CommunicationError) {
    try check(cmpi_free_window(&window), "MPI_Win_free")
  }
}
