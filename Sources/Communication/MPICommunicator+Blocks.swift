import CMPI
import Tensors

extension MPICommunicator {
  /// Where all ranks are on one node, the block lies in a window that they share and is summed there; otherwise in private
  /// memory and is summed by MPI. If shared memory is short, that too, and `notes` says so.
  ///
  /// - Throws: `.disagreement` when ranks ask for different sizes.
  public func makeReducibleBlock(floatCount: Int) throws(CommunicationError) -> ReducibleBlock {
    guard size > 1 else { return .alone(floatCount: floatCount) }
    pulse.arrive(at: .sharing)
    defer { pulse.leave() }
    try verifyEqual(UInt64(floatCount), what: "the size of a block of gradients")
    guard let (window, barrier) = try makeWindow(floatCount: floatCount) else {
      let memory = MemoryBlock(byteCount: 4 * floatCount)
      return ReducibleBlock(memory: memory, floatCount: floatCount, route: .library(self))
    }
    // The window is freed by close(), which all ranks call at one time; a block may go away earlier on one rank.
    let memory = MemoryBlock(foreign: window.blocks[nodeRank], byteCount: 4 * floatCount, release: {})
    return ReducibleBlock(
      memory: memory, floatCount: floatCount,
      route: .shared(SharedSum(barrier: barrier, blocks: window.blocks, count: floatCount), pulse))
  }

  /// Nil where ranks do not all share memory, or have too little of it.
  func makeStaging() throws(CommunicationError) -> SharedStaging? {
    try makeWindow(floatCount: SharedStaging.floatCount).map { window, barrier in
      SharedStaging(barrier: barrier, stretches: window.blocks)
    }
  }

  /// A zeroed window of all ranks, ready for use; nil on all ranks where it cannot be.
  private func makeWindow(
    floatCount: Int
  ) throws(CommunicationError) -> (window: SharedWindow, barrier: SharedBarrier)? {
    guard try hasSpace(floatCount: floatCount) else { return nil }
    let window = try SharedWindow(node: node, rank: nodeRank, size: nodeSize, floatCount: floatCount, check: check)
    windows.append(window)
    // Counters and values are zeroed on all ranks before anyone counts or adds.
    try barrier()
    return (window, SharedBarrier(counters: window.counters, rank: nodeRank, size: nodeSize, polling: polling))
  }

  /// The same answer on every rank.
  private func hasSpace(floatCount: Int) throws(CommunicationError) -> Bool {
    guard size > 1, reduction == .automatic, nodeSize == size else { return false }
    let needed = SharedWindow.byteCount(ranks: nodeSize, floatCount: floatCount)
    let problem = SharedMemorySpace.problem(byteCount: needed, ranks: nodeSize, free: SharedMemorySpace.freeBytes())
    let isShort = try maximum(of: problem == nil ? 0 : 1) == 1
    // Said once, with the sizes of the first window that did not fit.
    if isShort && notes.isEmpty {
      notes = [problem ?? "\(SharedMemorySpace.directory): too little space for another rank; MPI sums the gradients"]
    }
    return !isShort
  }
}
