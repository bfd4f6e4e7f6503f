import Clocks
import Foundation
import Testing

@testable import Tracing

@Suite struct TraceRecorderTests {
  @Test("events come out as they went in, the checkpoint lane's behind the others")
  func recorded() {
    let recorder = TraceRecorder(capacity: 10)
    let convolution = recorder.name("conv 3x3 generator/block1", kind: .compute)
    let save = recorder.name("save", kind: .checkpoint)
    recorder.record(save, lane: .checkpoint, start: 5, end: 50)
    recorder.record(convolution, lane: .compute, start: 10, end: 20)
    recorder.record(convolution, lane: .evaluation, start: 20, end: 25)
    let trace = RankTrace(recorder, rank: 3, node: "node1")
    #expect(trace.labels == [TraceLabel("conv 3x3 generator/block1", .compute), TraceLabel("save", .checkpoint)])
    #expect(
      trace.events == [
        TraceEvent(label: 0, lane: .compute, start: 10, end: 20),
        TraceEvent(label: 0, lane: .evaluation, start: 20, end: 25),
        TraceEvent(label: 1, lane: .checkpoint, start: 5, end: 50),
      ])
    #expect(trace.rank == 3 && trace.node == "node1" && trace.droppedCount == 0)
  }

  @Test("a text of one kind has one name, of another kind another")
  func interned() {
    let recorder = TraceRecorder(capacity: 0)
    let first = recorder.name("a", kind: .compute)
    #expect(recorder.name("a", kind: .update) != first)
    #expect(recorder.name("b", kind: .compute) != first)
    #expect(recorder.name("a", kind: .compute) == first)
    #expect(recorder.labels.count == 3)
  }

  @Test("what does not fit is counted, in each buffer by itself")
  func full() {
    let recorder = TraceRecorder(capacity: 3, checkpointCapacity: 2)
    let name = recorder.name("x", kind: .compute)
    for time in 0..<5 { recorder.record(name, lane: .communication, start: UInt64(time), end: UInt64(time)) }
    #expect(recorder.droppedCount == 2)
    for time in 0..<3 { recorder.record(name, lane: .checkpoint, start: UInt64(time), end: UInt64(time)) }
    #expect(recorder.droppedCount == 3)
    let trace = RankTrace(recorder, rank: 0, node: "n")
    #expect(trace.events.map(\.start) == [0, 1, 2, 0, 1] && trace.droppedCount == 3)
  }

  @Test("only what ends while recording is switched on is kept")
  func window() {
    let recorder = TraceRecorder(capacity: 10, isRecording: false)
    let name = recorder.name("step", kind: .phase)
    for step in 0..<6 {
      recorder.isRecording = (2..<4).contains(step)
      recorder.record(name, lane: .compute, start: UInt64(step), end: UInt64(step) + 1)
    }
    #expect(RankTrace(recorder, rank: 0, node: "n").events.map(\.start) == [2, 3] && recorder.droppedCount == 0)
  }

  @Test("work is timed around its body, also when it throws, and not when nothing is recorded")
  func timed() throws {
    struct Broken: Error {}
    let recorder = TraceRecorder(capacity: 10)
    let name = recorder.name("work", kind: .update)
    let before = TraceRecorder.now
    #expect(recorder.record(name, lane: .compute) { 7 } == 7)
    #expect(throws: Broken.self) {
      try recorder.record(name, lane: .compute) { () throws(Broken) in throw Broken() }
    }
    recorder.isRecording = false
    recorder.record(name, lane: .compute) {}
    let events = RankTrace(recorder, rank: 0, node: "n").events
    let times = [Int64(before)] + events.flatMap { [$0.start, $0.end] } + [Int64(TraceRecorder.now)]
    #expect(events.count == 2 && times == times.sorted())
  }

  @Test("a second thread records checkpoints while the first records and reads")
  func twoThreads() {
    let recorder = TraceRecorder(capacity: 50_000, checkpointCapacity: 50_000)
    let name = recorder.name("save", kind: .checkpoint)
    let thread = Thread {
      for time in 0..<50_000 as Range<UInt64> { recorder.record(name, lane: .checkpoint, start: time, end: time + 1) }
    }
    thread.start()
    var (seen, isWhole) = (0, true)
    while seen < 50_000 {
      recorder.record(name, lane: .compute, start: 0, end: 1)
      let events = recorder.checkpoints.contents
      // Whatever is visible is complete.
      isWhole = isWhole && events.dropFirst(seen).allSatisfy { $0.end == $0.start + 1 }
      isWhole = isWhole && events.count >= seen
      seen = events.count
    }
    #expect(isWhole && recorder.checkpoints.contents.map(\.start) == Array(0..<50_000))
  }

  @Test("an event costs some nanoseconds, next to nothing while switched off")
  func cost() {
    let count = 1_000_000
    let recorder = TraceRecorder(capacity: 5 * count)
    let name = recorder.name("x", kind: .compute)
    func nanosecondsPerEvent() -> Double {
      (0..<5).map { _ in
        let start = SystemClock.monotonic.nanoseconds
        for time in 0..<UInt64(count) { recorder.record(name, lane: .compute, start: time, end: time) }
        return Double(SystemClock.monotonic.nanoseconds - start) / Double(count)
      }.min() ?? .infinity
    }
    let on = nanosecondsPerEvent()
    #expect(recorder.droppedCount == 0)
    recorder.isRecording = false
    let off = nanosecondsPerEvent()
    print("an event takes \(on) ns, switched off \(off) ns")
    // A quiet machine shows 1 and 0.3; an allocation for each event would be beyond this also there.
    #expect(on < 50 && off < 20)
  }
}
