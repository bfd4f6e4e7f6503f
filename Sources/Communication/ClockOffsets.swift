import Clocks
import Tensors

/// How the monotonic clocks of all ranks differ from rank 0's; the same on every rank.
///
/// - Units: nanoseconds.
public struct ClockOffsets: Equatable, Sendable {
  /// What to add to each rank's clock to get rank 0's, in rank order; 0 for the ranks of rank 0's node.
  public let nanoseconds: [Int64]
  /// How far each of them may be off at most, at the time of the measurement. Clocks drift apart by some 1 to 50 µs in a
  /// second, so measure close to what is to be compared.
  public let uncertainties: [Int64]
}

extension Communicator {
  /// Measures how the clocks of the nodes differ, by `rounds` small messages from rank 0 to all and back.
  ///
  /// A message arrives after it was sent, whichever way it goes and however long it takes. So in each round, for the
  /// offset θ of rank r,
  ///
  ///     sent₀ − received_r ≤ θ ≤ received₀ − sent_r
  ///
  /// and the largest lower and the smallest upper bound of all rounds enclose it: the estimate is their middle, at most
  /// half the shortest round trip from the truth. Ranks of a node have one clock and share their bounds.
  ///
  /// - Complexity: 2 · rounds collectives of 16 bytes a rank: some ms on one machine, 0.2 s where a message takes 1 ms.
  /// - Source: Cristian, Probabilistic clock synchronization, 1989, with the two ways bounded apart.
  public func clockOffsets(rounds: Int = 50) throws(CommunicationError) -> ClockOffsets {
    // Exact: ranks are far below 2²⁴. Only the first rank of a node adds something.
    var leader = [Float(nodeRank == 0 ? rank : 0)]
    try leader.withUnsafeMutableBufferPointer { values throws(CommunicationError) in
      try allReduceSumOnNode(values)
    }
    return try clockOffsets(rounds: rounds, node: Int(leader[0])) { Int64(SystemClock.monotonic.nanoseconds) }
  }

  /// - Parameters:
  ///   - node: the same number on all ranks that share a clock, different on others.
  ///   - clock: the time of this rank.
  func clockOffsets(
    rounds: Int, node: Int, clock: () -> Int64
  ) throws(CommunicationError) -> ClockOffsets {
    precondition(rounds > 0, "\(rounds) rounds")
    let nodes = try allGather(Int64(node))
    var bounds = OffsetBounds(nodes: nodes)
    // What is sent (received, sent), then, on rank 0, what has come from all ranks.
    let memory = MemoryBlock(byteCount: 16 * (1 + size))
    let own = memory.address.bindMemory(to: Int64.self, capacity: 2 * (1 + size))
    let message = UnsafeMutableRawBufferPointer(start: own, count: 16)
    let gathered = rank == 0 ? UnsafeMutableRawBufferPointer(start: own + 2, count: 16 * size) : nil
    for _ in 0..<rounds {
      let sent = clock()
      try broadcast(message, from: 0)
      own[0] = clock()
      own[1] = clock()
      try gather(UnsafeRawBufferPointer(message), into: gathered, at: 0)
      let received = clock()
      guard rank == 0 else { continue }
      for other in 0..<size {
        let theirs = own + 2 * (1 + other)
        bounds.narrow(node: nodes[other], atLeast: sent - theirs[0], atMost: received - theirs[1])
      }
    }
    let offsets = try broadcast(bounds.offsets, from: 0)
    let uncertainties = try broadcast(bounds.uncertainties, from: 0)
    return ClockOffsets(nanoseconds: offsets, uncertainties: uncertainties)
  }
}

/// What is known of the offset of each node's clock.
private struct OffsetBounds {
  let nodes: [Int64]
  private var lower: [Int64: Int64] = [:]
  private var upper: [Int64: Int64] = [:]

  init(nodes: [Int64]) { self.nodes = nodes }

  mutating func narrow(node: Int64, atLeast low: Int64, atMost high: Int64) {
    lower[node] = max(lower[node] ?? low, low)
    upper[node] = min(upper[node] ?? high, high)
  }

  var offsets: [Int64] {
    nodes.map { node in
      guard node != nodes[0], let low = lower[node], let high = upper[node] else { return 0 }
      return low + (high - low) / 2
    }
  }

  /// Clocks that drifted while they were measured may leave the bounds crossed: then off by as much.
  var uncertainties: [Int64] {
    nodes.map { node in
      guard node != nodes[0], let low = lower[node], let high = upper[node] else { return 0 }
      return (abs(high - low) + 1) / 2
    }
  }
}
