import Clocks
import Communication
import Tensors

extension NetworkFacts {
  private static let smallCount = 8
  private static let largeCount = 1 << 20
  /// Sums that take longer than this at `largeCount` are measured with fewer values.
  private static let patienceNanoseconds: Int64 = 1_000_000_000
  private static let budgetNanoseconds: Int64 = 300_000_000

  /// Times sums over the node and over all ranks. Collective; nothing for a lone rank.
  mutating func measureSums(on communicator: any Communicator) throws(CommunicationError) {
    guard communicator.size > 1 else { return }
    let memory = MemoryBlock(byteCount: 4 * Self.largeCount)
    defer { withExtendedLifetime(memory) {} }
    let values = memory.floats
    let small = UnsafeMutableBufferPointer(rebasing: values[..<Self.smallCount])
    smallSeconds = try Self.median(on: communicator) { () throws(CommunicationError) in
      try communicator.allReduceSum(small)
    }
    let count = try Self.affordableCount(values, on: communicator)
    let large = UnsafeMutableBufferPointer(rebasing: values[..<count])
    sumBytes = 4 * count
    let block = try communicator.makeReducibleBlock(floatCount: count)
    defer { withExtendedLifetime(block) {} }
    gradientSeconds = try Self.median(on: communicator) { () throws(CommunicationError) in try block.allReduceSum() }
    // Nodes with one rank have nothing to sum; the calls are counted by all alike.
    let nodeSmall = try Self.median(on: communicator) { () throws(CommunicationError) in
      try communicator.allReduceSumOnNode(small)
    }
    let nodeLarge = try Self.median(on: communicator) { () throws(CommunicationError) in
      try communicator.allReduceSumOnNode(large)
    }
    if communicator.nodeSize > 1 { (nodeSmallSeconds, nodeLargeSeconds) = (nodeSmall, nodeLarge) }
  }

  /// Reads the calendar after barriers: ranks leave one within the time of a message.
  mutating func readStamps(on communicator: any Communicator) throws(CommunicationError) {
    for _ in 0..<5 {
      try communicator.barrier()
      stamps.append(SystemClock.calendar.seconds)
    }
  }

  private static func affordableCount(
    _ values: UnsafeMutableBufferPointer<Float>, on communicator: any Communicator
  ) throws(CommunicationError) -> Int {
    let count = largeCount / 64
    let start = SystemClock.monotonic.nanoseconds
    try communicator.allReduceSum(UnsafeMutableBufferPointer(rebasing: values[..<count]))
    let needed = try communicator.maximum(of: Int64(SystemClock.monotonic.nanoseconds - start))
    return needed * 64 > patienceNanoseconds ? count : largeCount
  }

  /// Median seconds of a collective, called as often on every rank.
  private static func median(
    on communicator: any Communicator, _ run: () throws(CommunicationError) -> Void
  ) throws(CommunicationError) -> Double {
    var start = SystemClock.monotonic.nanoseconds
    try run()
    let first = try communicator.maximum(of: Int64(SystemClock.monotonic.nanoseconds - start))
    var times: [UInt64] = []
    for _ in 0..<Int(max(3, min(99, budgetNanoseconds / max(1, first)))) {
      start = SystemClock.monotonic.nanoseconds
      try run()
      times.append(SystemClock.monotonic.nanoseconds - start)
    }
    return Double(times.sorted()[times.count / 2]) * 1e-9
  }
}
