import CMPI
import Tensors

extension MPICommunicator {
  /// Where ranks share a node, the block lies in a window that they share, and is summed there before anything travels. If
  /// shared memory is short on any rank, it lies in private memory everywhere and all ranks exchange it by messages; `notes` says so.
  ///
  /// - Throws: `.disagreement` when ranks ask for different sizes.
  public func makeReducibleBlock(
    floatCount: Int, buckets: [Range<Int>], settings: ReductionSettings
  ) throws(CommunicationError) -> ReducibleBlock {
    guard size > 1 else { return .alone(floatCount: floatCount, buckets: buckets) }
    pulse.arrive(at: .sharing)
    defer { pulse.leave() }
    var digest = Digest()
    digest.update(settings.description)
    for bucket in buckets { digest.update(UInt64(bucket.lowerBound) << 32 ^ UInt64(bucket.upperBound)) }
    try verifyEqual(digest.value, what: "the size of a block of gradients, or how it is summed")

    let counterBytes = BucketedSum.counterBytes(ranks: nodeSize)
    let isShared = settings.route == .nodes && reduction == .automatic && largestNodeSize > 1
    let memory: MemoryBlock
    let sum: BucketedSum
    if isShared, try hasSpace(floatCount: floatCount, counterBytes: counterBytes) {
      let window = try makeWindow(floatCount: floatCount, counterBytes: counterBytes)
      // The window is freed by close(), which all ranks call at one time; a block may go away earlier on one rank.
      memory = MemoryBlock(foreign: window.blocks[nodeRank], byteCount: 4 * floatCount, release: {})
      sum = BucketedSum(
        place: BucketedSum.Place(rank: nodeRank, size: nodeSize, leaders: smallestNodeSize), blocks: window.blocks,
        counters: window.counters, buckets: buckets,
        rail: try makeRail(ofNodes: true, buckets: buckets, settings: settings))
    } else {
      memory = MemoryBlock(byteCount: 4 * floatCount)
      // Every rank for itself, all of them on one rail.
      let counters = MemoryBlock(byteCount: BucketedSum.counterBytes(ranks: 1))
      ownCounters.append(counters)
      sum = BucketedSum(
        place: BucketedSum.Place(rank: 0, size: 1, leaders: 1),
        blocks: [memory.address.assumingMemoryBound(to: Float.self)], counters: counters.address, buckets: buckets,
        rail: try makeRail(ofNodes: false, buckets: buckets, settings: settings))
    }
    sums.append(sum)
    return ReducibleBlock(
      memory: memory, floatCount: floatCount, buckets: buckets, route: .summed(sum, pulse, polling))
  }

  /// Nil where nobody is on other nodes.
  private func makeRail(
    ofNodes: Bool, buckets: [Range<Int>], settings: ReductionSettings
  ) throws(CommunicationError) -> (any Rail)? {
    guard !ofNodes || nodeSize < size else { return nil }
    var communicator = cmpi_communicator()
    // A node larger than the smallest has ranks that sum nothing; they are on a rail that is never used.
    let color = ofNodes ? min(nodeRank, smallestNodeSize) : 0
    try check(cmpi_split(base, Int32(color), &communicator), "MPI_Comm_split")
    rails.append(communicator)
    var (number, count) = (Int32(0), Int32(0))
    try check(cmpi_rank_and_size(communicator, &number, &count), "MPI_Comm_rank")
    guard settings.route == .nodes, reduction == .automatic else {
      return LibraryRail(communicator: communicator, slots: settings.bucketsInFlight, check: check)
    }
    guard count > 1 else { return nil }
    let rail = ExchangeRail(
      communicator: communicator, rank: Int(number), size: Int(count), slots: settings.bucketsInFlight,
      largestCount: buckets.map(\.count).max() ?? 0, check: check)
    exchanges.append(rail)
    return rail
  }

  /// Nil where ranks do not all share memory, or have too little of it.
  func makeStaging() throws(CommunicationError) -> SharedStaging? {
    guard size > 1, reduction == .automatic, nodeSize == size else { return nil }
    let counterBytes = SharedBarrier.byteCount(ranks: nodeSize)
    guard try hasSpace(floatCount: SharedStaging.floatCount, counterBytes: counterBytes) else { return nil }
    let window = try makeWindow(floatCount: SharedStaging.floatCount, counterBytes: counterBytes)
    return SharedStaging(
      barrier: SharedBarrier(counters: window.counters, rank: nodeRank, size: nodeSize, polling: polling),
      stretches: window.blocks)
  }

  /// For short sums over all ranks; nil where they all share memory, or MPI is to do it.
  func makeExchange() throws(CommunicationError) -> ExchangeRail? {
    guard nodeSize < size, reduction == .automatic else { return nil }
    var communicator = cmpi_communicator()
    try check(cmpi_split(base, 0, &communicator), "MPI_Comm_split")
    rails.append(communicator)
    return ExchangeRail(
      communicator: communicator, rank: rank, size: size, slots: 1, largestCount: ExchangeRail.shortCount, check: check)
  }

  /// A zeroed window of the ranks of this node, ready for use on all of them.
  private func makeWindow(floatCount: Int, counterBytes: Int) throws(CommunicationError) -> SharedWindow {
    let window = try SharedWindow(
      node: node, rank: nodeRank, size: nodeSize, floatCount: floatCount, counterBytes: counterBytes, check: check)
    windows.append(window)
    // Counters and values are zeroed on all ranks before anyone counts or adds.
    try barrier()
    return window
  }

  /// The same answer on every rank.
  private func hasSpace(floatCount: Int, counterBytes: Int) throws(CommunicationError) -> Bool {
    let needed = SharedWindow.byteCount(ranks: nodeSize, floatCount: floatCount, counterBytes: counterBytes)
    let problem = SharedMemorySpace.problem(byteCount: needed, ranks: nodeSize, free: SharedMemorySpace.freeBytes())
    let isShort = try maximum(of: problem == nil ? 0 : 1) == 1
    // Said once, with the sizes of the first window that did not fit.
    if isShort && notes.isEmpty {
      notes = [
        problem ?? "\(SharedMemorySpace.directory): too little space for another rank; messages sum the gradients"
      ]
    }
    return !isShort
  }
}
