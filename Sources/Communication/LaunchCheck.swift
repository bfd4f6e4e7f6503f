import CMPI
import Clocks
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whether all processes of a job were started alike, looked at right after MPI has started and before anything else.
///
/// Nothing here blocks in MPI: a rank may run another program, which never answers. Digests go through one maximum over
/// the ranks; where they differ, rank 0 gathers what the ranks are and says it for all.
struct LaunchCheck {
  /// Bytes of a rank's text; the rest of a long command line is not compared character by character.
  private static let textBytes = 2048
  /// For a rank that has waited in vain, until all have said that they are there.
  private static let rollCallSeconds = 2.0

  /// Of our messages on MPI_COMM_WORLD; any number that another program is unlikely to use.
  static let tag: Int32 = 19_539

  let identity: LaunchIdentity
  let rank: Int
  let size: Int
  /// For the first answer of all; nil: for ever.
  private(set) var seconds: Double?

  var world: cmpi_communicator { cmpi_world() }
  var check: MPICheck { MPICheck(rank: rank) }

  init(_ identity: LaunchIdentity, seconds: Double?) throws(CommunicationError) {
    var (number, count) = (Int32(0), Int32(0))
    try MPICheck(rank: 0)(cmpi_rank_and_size(cmpi_world(), &number, &count), "MPI_Comm_rank")
    (self.identity, rank, size, self.seconds) = (identity, Int(number), Int(count), seconds)
  }

  /// - Returns: on all ranks alike how they differ; the words are right on rank 0.
  /// - Throws: `.unanswered` where some do not answer, on the ranks that do; the others cannot be told.
  func run() throws(CommunicationError) -> CommunicationError? {
    guard size > 1 else { return nil }
    let digests = identity.digests
    guard let largest = try maximum(of: digests.flatMap { [$0, ~$0] }) else { throw try unanswered() }
    let isSame = digests.indices.map { largest[2 * $0] == ~largest[2 * $0 + 1] }
    if isSame.allSatisfy({ $0 }) { return nil }
    // Copies of one program are as good as one file.
    var contents: UInt64 = 0
    if !isSame[2] {
      contents = identity.program?.contents() ?? 0
      // A file of fifty megabytes, which many nodes may read from one server.
      var patient = self
      patient.seconds = seconds.map { 10 * $0 }
      guard let both = try patient.maximum(of: [contents, ~contents]) else { throw try unanswered() }
      if isSame[0], isSame[1], both[0] == ~both[1] { return nil }
    }
    guard let cards = try gather(contents) else { throw try unanswered() }
    // Where cards are too short for the difference.
    let words = LaunchDifference.words(cards) ?? "the ranks have different command lines: give all the same one"
    return .launch(text: words, rank: rank)
  }

  /// The largest of each value over the ranks; nil when not all have answered in time.
  ///
  /// Up a tree of messages and down again, not MPI's all-reduce: that would meet the collectives of another program.
  private func maximum(of values: [UInt64]) throws(CommunicationError) -> [UInt64]? {
    let count = values.count
    let memory = MemoryBlock(byteCount: 3 * 8 * count)
    let words = memory.address.assumingMemoryBound(to: Int64.self)
    for index in values.indices { words[index] = Int64(bitPattern: values[index]) }
    guard try passUp(words, count), try passDown(words, count) else {
      // MPI may still write there: it stays until the process ends, which is soon.
      _ = Unmanaged.passRetained(memory)
      return nil
    }
    return values.indices.map { UInt64(bitPattern: words[$0]) }
  }

  /// The cards of all ranks, on rank 0; only its own on the others.
  private func gather(_ contents: UInt64) throws(CommunicationError) -> [LaunchDifference.Card]? {
    let cardBytes = 16 + Self.textBytes
    let own = MemoryBlock(byteCount: cardBytes)
    let all = MemoryBlock(byteCount: rank == 0 ? cardBytes * size : 64)
    own.address.storeBytes(of: UInt64(identity.program?.byteCount ?? 0), as: UInt64.self)
    own.address.storeBytes(of: contents, toByteOffset: 8, as: UInt64.self)
    text.withUnsafeBytes { text in
      if let start = text.baseAddress { (own.address + 16).copyMemory(from: start, byteCount: text.count) }
    }
    var requests = [cmpi_request()]
    try check(
      cmpi_start_gather(
        world, own.address, Int64(cardBytes), rank == 0 ? all.address : nil, 0, &requests[0]), "MPI_Igather")
    guard try wait(for: &requests) else {
      _ = (Unmanaged.passRetained(own), Unmanaged.passRetained(all))
      return nil
    }
    if rank > 0 { return [card(at: own.address)] }
    return (0..<size).map { card(at: all.address + cardBytes * $0) }
  }

  /// What this rank is, one line each.
  private var text: [UInt8] {
    let lines = [identity.library ?? "", identity.program?.path ?? "", identity.command ?? ""]
    let text = lines.map { String($0.map { $0.isNewline ? " " : $0 }) }.joined(separator: "\n")
    return Array(text.utf8.prefix(Self.textBytes - 1))
  }

  private func card(at address: UnsafeMutableRawPointer) -> LaunchDifference.Card {
    let bytes = UnsafeRawBufferPointer(start: address + 16, count: Self.textBytes).prefix { $0 != 0 }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    let line = { (index: Int) in lines.indices.contains(index) ? String(lines[index]) : "" }
    return LaunchDifference.Card(
      command: line(2), library: line(0), path: line(1), byteCount: Int(address.load(as: UInt64.self)),
      contents: address.load(fromByteOffset: 8, as: UInt64.self))
  }

  /// Every rank that waits says so to rank 0, which names those that do not; where it is missing, the next one tells.
  private func unanswered() throws(CommunicationError) -> CommunicationError {
    var present = Set([rank])
    if rank > 0 {
      let word = MemoryBlock(byteCount: 64)
      word.address.storeBytes(of: UInt64(rank), as: UInt64.self)
      var request = cmpi_request()
      try check(cmpi_post_words(world, word.address.assumingMemoryBound(to: UInt64.self), 1, 0, &request), "MPI_Issend")
      _ = Unmanaged.passRetained(word)
      // Rank 0 has ended this process by then, or the one before.
      _ = try poll(seconds: 2 * Self.rollCallSeconds + StartDeadline.turn(of: rank)) { () throws(CommunicationError) in
        var isDone = false
        try check(cmpi_test(&request, &isDone), "MPI_Test")
        return false
      }
    } else {
      _ = try poll(seconds: Self.rollCallSeconds) { () throws(CommunicationError) in
        var (word, isThere) = (UInt64(0), false)
        try check(cmpi_receive_words(world, &word, 1, &isThere), "MPI_Recv")
        if isThere { present.insert(Int(word)) }
        return false
      }
    }
    let missing = rank == 0 ? (0..<size).filter { !present.contains($0) } : [0]
    let waited = Int((seconds ?? 0).rounded())
    let who = missing.isEmpty ? "MPI hangs" : "\(LaunchDifference.ranks(missing)) did not answer"
    return .unanswered(
      text: "\(who) within \(waited) s of MPI's start: another program or version runs there, or hangs; start all "
        + "ranks with the same program and command line (\(StartDeadline.variable)=SECONDS waits longer)", rank: rank)
  }

  func wait(for requests: inout [cmpi_request]) throws(CommunicationError) -> Bool {
    for index in requests.indices {
      let isDone = try poll(seconds: seconds) { () throws(CommunicationError) in
        var isDone = false
        try check(cmpi_test(&requests[index], &isDone), "MPI_Test")
        return isDone
      }
      guard isDone else { return false }
    }
    return true
  }

  /// False when the time is over. Time in which this process was suspended does not count.
  private func poll(
    seconds: Double?, until isDone: () throws(CommunicationError) -> Bool
  ) throws(CommunicationError) -> Bool {
    var (waited, before) = (0.0, SystemClock.monotonic.nanoseconds)
    while try !isDone() {
      // Ranks may be more than cores: the one waited for needs this one. The start is not a matter of microseconds.
      if waited > 0.01 { usleep(200) } else { _ = sched_yield() }
      let now = SystemClock.monotonic.nanoseconds
      waited += min(Double(now - before) * 1e-9, 0.5)
      before = now
      if let seconds, waited >= seconds { return false }
    }
    return true
  }
}
