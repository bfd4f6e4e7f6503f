import Testing

@testable import Tracing

@Suite struct RankTraceTests {
  let trace = RankTrace(
    rank: 2, node: "knoten-ü",
    labels: [TraceLabel("conv \"3x3\"\n", .compute), TraceLabel("", .gradientTransfer)],
    events: [
      TraceEvent(label: 1, lane: .communication, start: -5, end: 1 << 60),
      TraceEvent(label: 0, lane: .checkpoint, start: 7, end: 7),
    ], droppedCount: 9)

  @Test("bytes give the trace back")
  func roundTrip() {
    #expect(RankTrace(bytes: trace.bytes) == trace)
    let empty = RankTrace(rank: 0, node: "", labels: [], events: [])
    #expect(RankTrace(bytes: empty.bytes) == empty)
  }

  @Test("bytes that are cut, longer, or out of bounds are no trace")
  func damaged() {
    let bytes = trace.bytes
    for count in 0..<bytes.count { #expect(RankTrace(bytes: Array(bytes[..<count])) == nil) }
    #expect(RankTrace(bytes: bytes + [0]) == nil)
    // Every byte changed in turn: another trace or none, never a crash.
    for place in bytes.indices {
      for value in [0xff, 0x7f, bytes[place] ^ 1] as [UInt8] {
        var changed = bytes
        changed[place] = value
        if let other = RankTrace(bytes: changed) {
          #expect(other.events.allSatisfy { other.labels.indices.contains($0.label) })
        }
      }
    }
  }

  @Test("another clock moves every time, and says how sure that is")
  func shifted() {
    let moved = trace.shifted(by: -100, uncertainty: 12)
    #expect(moved.events.map(\.start) == [-105, -93] && moved.events.map(\.end) == [(1 << 60) - 100, -93])
    #expect(moved.uncertainty == 12 && moved.droppedCount == 9 && moved.node == trace.node)
  }
}
