import CMPI
import Clocks
import Tensors

/// Signs of life for ranks that do not see this one's memory: about once a second, while this rank waits or beats, its line
/// goes to one rank of every other node, which writes it where its whole node sees it.
///
/// Nothing here can block. A message that its receiver does not take (it hangs) stays under way, and no further one is sent
/// to it. Sends are synchronous: once complete they were received, so that the end leaves nothing behind.
final class Heartbeats {
  /// Beats, work, presence, and whose they are.
  private static let wordCount = 4
  /// Nanoseconds between looks for messages; a look takes less than a microsecond.
  private static let lookInterval: UInt64 = 50_000_000
  /// Nanoseconds between messages: a second, more where there are so many nodes that they would take 1 % of a core (each
  /// about a microsecond to send, and as much to receive for every rank of the other nodes).
  private let postInterval: UInt64

  private var communicator: cmpi_communicator
  private let rank: Int
  private let check: MPICheck
  private let board: PulseBoard
  private let destinations: [Int32]
  private let buffers: MemoryBlock
  private var requests: [cmpi_request]
  private var isUnderWay: [Bool]
  private var received = [UInt64](repeating: 0, count: wordCount)
  private var ticks = 0
  private var nextLook: UInt64 = 0
  /// For each destination, the time from which it is due a message.
  private var nextPosts: [UInt64]
  private var isEnding = false
  /// An MPI call that failed; for the next wait, since beats do not throw.
  private(set) var failure: CommunicationError?

  /// - Parameters:
  ///   - communicator: of all ranks, for nothing else; freed by `end`.
  ///   - leaders: for every rank, the one that writes what its node hears.
  init(communicator: cmpi_communicator, rank: Int, leaders: [Int32], board: PulseBoard, check: MPICheck) {
    (self.communicator, self.rank, self.board, self.check) = (communicator, rank, board, check)
    destinations = Set(leaders).subtracting([leaders[rank]]).sorted()
    postInterval = UInt64(max(1_000_000_000, 10_000_000 * destinations.count))
    buffers = MemoryBlock(byteCount: 8 * Self.wordCount * destinations.count)
    requests = Array(repeating: cmpi_request(), count: destinations.count)
    isUnderWay = Array(repeating: false, count: destinations.count)
    nextPosts = Array(repeating: 0, count: destinations.count)
  }

  /// At a beat: looks at the clock every 16th time, kernels being shorter than a second by far.
  @inline(__always)
  func tick(_ line: UnsafeRawPointer, isUrgent: Bool = false) {
    ticks &+= 1
    if isUrgent || ticks & 15 == 0 { exchange(line, isUrgent: isUrgent) }
  }

  /// Takes what has come, and sends `line` when it is time.
  func exchange(_ line: UnsafeRawPointer, isUrgent: Bool = false) {
    let now = SystemClock.monotonic.nanoseconds
    guard failure == nil, !isEnding, isUrgent || now >= nextLook else { return }
    nextLook = now + Self.lookInterval
    if isUrgent { for index in nextPosts.indices { nextPosts[index] = now } }
    do {
      try receive()
      try post(line, now: now)
    } catch { failure = error }
  }

  /// Sends what is due; a destination that has not taken the last message yet stays due.
  private func post(_ line: UnsafeRawPointer, now: UInt64) throws(CommunicationError) {
    for index in destinations.indices where now >= nextPosts[index] {
      if try isPending(index) { continue }
      nextPosts[index] = now + postInterval
      let words = buffers.address.assumingMemoryBound(to: UInt64.self) + index * Self.wordCount
      for word in 0..<3 { words[word] = cmpi_word_load(line, Int32(word)) }
      words[3] = UInt64(rank)
      try check(
        cmpi_post_words(communicator, words, Int32(Self.wordCount), destinations[index], &requests[index]),
        "MPI_Issend")
      isUnderWay[index] = true
    }
  }

  private func isPending(_ index: Int) throws(CommunicationError) -> Bool {
    guard isUnderWay[index] else { return false }
    var isDone = false
    try check(cmpi_test(&requests[index], &isDone), "MPI_Test")
    if isDone { isUnderWay[index] = false }
    return !isDone
  }

  private func receive() throws(CommunicationError) {
    var isThere = true
    while isThere {
      let code = received.withUnsafeMutableBufferPointer { words -> Int32 in
        guard let start = words.baseAddress else { return 0 }
        return cmpi_receive_words(communicator, start, Int32(words.count), &isThere)
      }
      try check(code, "MPI_Recv")
      guard isThere, received[3] < UInt64(board.size) else { continue }
      let line = board.line(of: Int(received[3]))
      for word in 0..<3 { cmpi_word_store(line, Int32(word), received[word]) }
    }
  }

  /// Collective, once all ranks have come to the end: every message is received, then the communicator freed.
  func end(polling: PollingLoop) throws(CommunicationError) {
    isEnding = true
    try polling.wait { () throws(CommunicationError) -> Bool in
      try receive()
      var isDone = true
      for index in destinations.indices where try isPending(index) { isDone = false }
      return isDone
    }
    // All that was sent has been received once all ranks are here; until then some may still send to this one.
    var request = cmpi_request()
    try check(cmpi_start_barrier(communicator, &request), "MPI_Ibarrier")
    try polling.wait { () throws(CommunicationError) -> Bool in
      try receive()
      var isDone = false
      try check(cmpi_test(&request, &isDone), "MPI_Ibarrier")
      return isDone
    }
    try check(cmpi_free_communicator(&communicator), "MPI_Comm_free")
  }
}
