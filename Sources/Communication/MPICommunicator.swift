import CMPI
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How gradients are summed.
public enum GradientReduction: Sendable {
  /// In shared memory where all ranks are on one node and it has the space, by MPI otherwise.
  case automatic
  /// By MPI's all-reduce: the reference.
  case library
}

/// The ranks of an MPI job. One per process; the thread that made it makes every call.
public final class MPICommunicator: Communicator {
  /// Elements per MPI call: its counts are 32-bit, and 2²⁸ doubles are 2 GB.
  private static let maximumCount = 1 << 28

  public let rank: Int
  public let size: Int
  public let nodeRank: Int
  public let nodeSize: Int
  let smallestNodeSize: Int
  let largestNodeSize: Int
  public internal(set) var notes: [String] = []
  public let pulse: Pulse

  /// All ranks of the job, or the part of them that this communicator is of.
  private(set) var base: cmpi_communicator
  private let ownsBase: Bool
  /// Duplicates, so that our collectives never meet those of another library.
  private var world: cmpi_communicator
  var node: cmpi_communicator
  let check: MPICheck
  let polling: PollingLoop
  let reduction: GradientReduction
  var windows: [SharedWindow] = []
  let sums = BucketedSums()
  /// Each of one block.
  var rails: [cmpi_communicator] = []
  /// Of blocks that no other rank sees.
  var ownCounters: [MemoryBlock] = []
  /// Small reductions in shared memory, where all ranks see it.
  private var staging: SharedStaging?
  var exchanges: [ExchangeRail] = []
  /// Those of floats where they do not: half the latency of MPI's own.
  private var exchange: ExchangeRail?
  private let startedMPI: Bool
  /// Whose names are gone; nil where a rank of the node does not see all of them.
  private var segments: TransportSegments?
  private var isClosed = false

  /// Starts MPI if that has not been done, and finds the ranks of this node.
  ///
  /// - Throws: `.mpi` when MPI was finalised before, lacks MPI_THREAD_SERIALIZED, or fails.
  public convenience init(reduction: GradientReduction = .automatic) throws(CommunicationError) {
    try self.init(reduction: reduction, ranksPerNode: nil)
  }

  /// - Parameter ranksPerNode: for tests: as if every machine ran so many ranks.
  package convenience init(reduction: GradientReduction, ranksPerNode: Int?) throws(CommunicationError) {
    let started = try Self.startMPI()
    try self.init(
      base: cmpi_world(), ownsBase: false, startedMPI: started, reduction: reduction, ranksPerNode: ranksPerNode)
  }

  /// The ranks of an MPI that runs; `started` by us, so that `close()` ends it.
  convenience init(started: Bool, reduction: GradientReduction) throws(CommunicationError) {
    try self.init(
      base: cmpi_world(), ownsBase: false, startedMPI: started, reduction: reduction, ranksPerNode: nil)
  }

  /// - Parameters:
  ///   - ownsBase: whether `base` is freed with this.
  ///   - numbers: what these ranks are called, and `parent` the signs of life of the job, where they are a part of one.
  init(
    base: cmpi_communicator, ownsBase: Bool, startedMPI: Bool, reduction: GradientReduction, ranksPerNode: Int?,
    numbers: [Int]? = nil, parent: Pulse? = nil
  ) throws(CommunicationError) {
    (self.base, self.ownsBase, self.startedMPI) = (base, ownsBase, startedMPI)
    var (number, count) = (Int32(0), Int32(0))
    let starting = MPICheck(rank: 0)
    try starting(cmpi_rank_and_size(base, &number, &count), "MPI_Comm_rank")
    (rank, size) = (Int(number), Int(count))
    check = MPICheck(rank: Int(number))
    (world, node) = (cmpi_communicator(), cmpi_communicator())
    try check(cmpi_duplicate(base, &world), "MPI_Comm_dup")
    if let ranksPerNode {
      try check(cmpi_split(world, number / Int32(ranksPerNode), &node), "MPI_Comm_split")
    } else {
      try check(cmpi_split_by_node(world, &node), "MPI_Comm_split_type")
    }
    try check(cmpi_rank_and_size(node, &number, &count), "MPI_Comm_rank")
    (nodeRank, nodeSize) = (Int(number), Int(count))
    var sizes = [Int64(count), -Int64(count)]
    try Self.maximum(of: &sizes, over: world, check)
    (largestNodeSize, smallestNodeSize) = (Int(sizes[0]), Int(-sizes[1]))
    if startedMPI, nodeSize > 1, ranksPerNode == nil {
      let seen = TransportSegments.mapped(count: nodeSize)
      var missing: [Int64] = [seen.isEmpty ? 1 : 0]
      try Self.maximum(of: &missing, over: node, check)
      if missing == [0] { segments = seen }
      segments?.remove(rank: nodeRank)
    }
    pulse = Pulse(rank: rank, size: size, numbers: numbers, parent: parent)
    polling = PollingLoop(ranksOnNode: Int(count))
    self.reduction = reduction
    // A rank that waits in shared memory may still hold back a message that another one needs to get there.
    polling.whileYielding = { [sums, world, check, pulse] in
      do throws(CommunicationError) { try sums.poll() } catch { return error }
      let failure = pulse.exchangeHeartbeats()
      return check.failure(of: cmpi_progress(world), "MPI_Iprobe") ?? failure
    }
    try sharePulse()
    staging = try makeStaging()
    exchange = try makeExchange()
    if let exchange { exchanges.append(exchange) }
  }

  /// At start, when nothing polls yet.
  private static func maximum(
    of values: inout [Int64], over communicator: cmpi_communicator, _ check: MPICheck
  ) throws(CommunicationError) {
    let code = values.withUnsafeMutableBufferPointer { buffer -> Int32 in
      guard let start = buffer.baseAddress else { return 0 }
      return cmpi_allreduce_blocking(communicator, .maximum_int64, start, Int64(buffer.count))
    }
    try check(code, "MPI_Allreduce")
  }

  public var traffic: Traffic {
    exchanges.reduce(into: Traffic()) { total, rail in
      total.messages += rail.traffic.messages
      total.bytes += rail.traffic.bytes
    }
  }

  public var isSumUnderWay: Bool { sums.isAnyUnderWay }

  public func progress() throws(CommunicationError) {
    try sums.poll()
  }

  /// Returns whether MPI was started here.
  static func startMPI() throws(CommunicationError) -> Bool {
    let check = MPICheck(rank: 0)
    var (initialized, finalized) = (false, false)
    try check(cmpi_state(&initialized, &finalized), "MPI_Initialized")
    if finalized {
      throw .mpi(call: "MPI_Init_thread", code: 0, text: "MPI cannot start twice in a process", rank: 0)
    }
    if initialized { return false }
    var isSerialized = false
    try check(cmpi_initialize(&isSerialized), "MPI_Init_thread")
    if !isSerialized {
      throw .mpi(
        call: "MPI_Init_thread", code: 0, text: "no MPI_THREAD_SERIALIZED; build MPI with thread support", rank: 0)
    }
    return true
  }

  /// The end without a communicator, on all ranks.
  static func endMPI() throws(CommunicationError) { try MPICheck(rank: 0)(cmpi_finalize(), "MPI_Finalize") }

  /// Name and version of the MPI library; works before MPI starts.
  public static var libraryVersion: String {
    text(capacity: 1024) { cmpi_library_version($0, $1) } ?? "unknown MPI library"
  }

  /// The text that a C function writes; nil if it fails.
  static func text(capacity: Int, _ write: (UnsafeMutablePointer<CChar>, Int) -> Int32) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
      guard let start = buffer.baseAddress, write(start, capacity) == 0 else { return nil }
      return String(cString: start)
    }
  }

  public func allReduceSum(_ values: UnsafeMutableBufferPointer<Float>) throws(CommunicationError) {
    pulse.arrive(at: .sum)
    defer { pulse.leave() }
    if let staging { return try staging.reduce(values, +) }
    guard let exchange, values.count <= ExchangeRail.shortCount else { return try allReduce(values, .sum_float32) }
    try exchange.start(values, slot: 0)
    try polling.wait { () throws(CommunicationError) -> Bool in try exchange.isComplete(slot: 0) }
  }

  public func allReduceSum(_ values: UnsafeMutableBufferPointer<Double>) throws(CommunicationError) {
    pulse.arrive(at: .sum)
    defer { pulse.leave() }
    if let staging { return try staging.reduce(values, +) }
    try allReduce(values, .sum_float64)
  }

  public func allReduceSumOnNode(_ values: UnsafeMutableBufferPointer<Float>) throws(CommunicationError) {
    pulse.arrive(at: .nodeSum)
    defer { pulse.leave() }
    if let staging { return try staging.reduce(values, +) }
    if nodeSize > 1 { try allReduce(values, .sum_float32, over: node) }
  }

  public func allReduceMaximum(_ values: UnsafeMutableBufferPointer<Int64>) throws(CommunicationError) {
    pulse.arrive(at: .maximum)
    defer { pulse.leave() }
    if let staging { return try staging.reduce(values, max) }
    try allReduce(values, .maximum_int64)
  }

  func allReduce<Value>(
    _ values: UnsafeMutableBufferPointer<Value>, _ reduction: cmpi_reduction, over ranks: cmpi_communicator? = nil
  ) throws(CommunicationError) {
    guard size > 1, let start = values.baseAddress else { return }
    for offset in stride(from: 0, to: values.count, by: Self.maximumCount) {
      let count = Int64(min(Self.maximumCount, values.count - offset))
      var request = cmpi_request()
      try check(cmpi_start_allreduce(ranks ?? world, reduction, start + offset, count, &request), "MPI_Iallreduce")
      try wait(for: &request, "MPI_Iallreduce")
    }
  }

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws(CommunicationError) {
    precondition(root >= 0 && root < size, "root \(root) of \(size) ranks")
    pulse.arrive(at: .broadcast)
    defer { pulse.leave() }
    try broadcast(bytes, from: root, over: world)
  }

  func broadcast(
    _ bytes: UnsafeMutableRawBufferPointer, from root: Int, over ranks: cmpi_communicator
  ) throws(CommunicationError) {
    guard size > 1, let start = bytes.baseAddress else { return }
    for offset in stride(from: 0, to: bytes.count, by: Self.maximumCount) {
      let count = Int64(min(Self.maximumCount, bytes.count - offset))
      var request = cmpi_request()
      try check(cmpi_start_broadcast(ranks, start + offset, count, Int32(root), &request), "MPI_Ibcast")
      try wait(for: &request, "MPI_Ibcast")
    }
  }

  public func gather(
    _ bytes: UnsafeRawBufferPointer, into gathered: UnsafeMutableRawBufferPointer?, at root: Int
  ) throws(CommunicationError) {
    precondition(root >= 0 && root < size, "root \(root) of \(size) ranks")
    if rank == root {
      precondition(
        gathered?.count == size * bytes.count, "\(gathered?.count ?? 0) bytes to hold \(size) × \(bytes.count)")
    }
    guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
    pulse.arrive(at: .gather)
    defer { pulse.leave() }
    var request = cmpi_request()
    try check(
      cmpi_start_gather(world, start, Int64(bytes.count), gathered?.baseAddress, Int32(root), &request), "MPI_Igather")
    try wait(for: &request, "MPI_Igather")
  }

  public func barrier() throws(CommunicationError) {
    pulse.arrive(at: .barrier)
    defer { pulse.leave() }
    if let staging { return try staging.meet() }
    guard size > 1 else { return }
    var request = cmpi_request()
    try check(cmpi_start_barrier(world, &request), "MPI_Ibarrier")
    try wait(for: &request, "MPI_Ibarrier")
  }

  /// The one place where this rank waits for MPI.
  private func wait(for request: inout cmpi_request, _ call: StaticString) throws(CommunicationError) {
    try polling.wait { () throws(CommunicationError) -> Bool in
      var isDone = false
      try check(cmpi_test(&request, &isDone), call)
      return isDone
    }
  }

  /// Frees the shared windows and ends MPI if it was started here. The blocks made by this communicator must not be used
  /// any more. A second call does nothing.
  public func close() throws(CommunicationError) {
    guard !isClosed else { return }
    isClosed = true
    pulse.arrive(at: .closing)
    // A run that stops on an error may leave sums under way: other ranks need our part of them, and their messages must
    // not meet freed memory.
    try polling.wait { () throws(CommunicationError) -> Bool in
      try sums.poll()
      return !sums.isAnyUnderWay
    }
    // What follows blocks inside MPI until all ranks come; after the barrier they are here.
    try barrier()
    try pulse.disconnect(polling: polling)
    staging = nil
    // A watchdog goes on looking while the rest of the end may hang, but no longer into windows.
    pulse.move(to: nil)
    sums.removeAll()
    for window in windows { try window.free(check: check) }
    windows = []
    for rail in rails {
      var rail = rail
      try check(cmpi_free_communicator(&rail), "MPI_Comm_free")
    }
    rails = []
    try check(cmpi_free_communicator(&node), "MPI_Comm_free")
    try check(cmpi_free_communicator(&world), "MPI_Comm_free")
    if ownsBase { try check(cmpi_free_communicator(&base), "MPI_Comm_free") }
    segments?.restore(rank: nodeRank)
    if startedMPI { try check(cmpi_finalize(), "MPI_Finalize") }
    pulse.end()
  }

  public func abort(exitCode: Int32) -> Never {
    // MPI_Abort does not come back; should it, this rank still ends with the code.
    _ = cmpi_abort(exitCode)
    exit(exitCode)
  }
}
