import Communication
import Foundation
import Reporting
import Testing
import Tracing

/// An event of the file as JSON's readers see it.
private struct Entry: Decodable, Equatable {
  struct Arguments: Decodable, Equatable {
    var name: String?
    var order: Int?
    enum CodingKeys: String, CodingKey {
      case name
      case order = "sort_index"
    }
  }
  var ph, name: String
  var cat: String?
  var pid, tid: Int
  var ts, dur: Double?
  var args: Arguments?
}

private struct Contents: Decodable {
  var traceEvents: [Entry]
  var otherData: [String: Int]
  var durations: [Entry] { traceEvents.filter { $0.ph == "X" } }
  func names(_ key: String) -> [Int: [String]] {
    Dictionary(grouping: traceEvents.filter { $0.name == key }, by: \.pid).mapValues { $0.compactMap(\.args?.name) }
  }
}

@Suite struct TraceFileTests {
  private func written(_ traces: [RankTrace]) throws -> (contents: Contents, path: String, keeping: TemporaryDirectory)
  {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/trace.json"
    try TraceFile.write(traces, to: path)
    #expect(try directory.names() == ["trace.json"])
    return (try JSONDecoder().decode(Contents.self, from: Data(contents(path))), path, directory)
  }

  @Test("ranks are processes, lanes are threads, times are microseconds from the first event on, in order")
  func layout() throws {
    let labels = [TraceLabel("conv", .compute), TraceLabel("step", .phase), TraceLabel("save", .checkpoint)]
    let start: Int64 = 3_600_000_000_000_000
    let traces = [
      RankTrace(
        rank: 0, node: "node0", labels: labels,
        events: [
          TraceEvent(label: 0, lane: .compute, start: start + 2_000, end: start + 3_500),
          TraceEvent(label: 2, lane: .checkpoint, start: start + 9_000, end: start + 9_001),
          TraceEvent(label: 1, lane: .compute, start: start + 2_000, end: start + 8_000),
        ], droppedCount: 4),
      RankTrace(
        rank: 1, node: "node1", labels: labels,
        events: [TraceEvent(label: 0, lane: .compute, start: start, end: start + 2_500_000_000)], droppedCount: 1,
        uncertainty: 77),
    ]
    let file = try written(traces).contents
    #expect(file.durations.map(\.name) == ["conv", "step", "conv", "save"])
    #expect(file.durations.map(\.pid) == [1, 0, 0, 0] && file.durations.map(\.tid) == [0, 0, 0, 3])
    #expect(file.durations.map(\.ts) == [0, 2, 2, 9] && file.durations.map(\.dur) == [2_500_000, 6, 1.5, 0.001])
    #expect(file.durations.map(\.cat) == ["compute", "phase", "compute", "checkpoint"])
    #expect(file.names("process_name") == [0: ["rank 0 (node0)"], 1: ["rank 1 (node1)"]])
    #expect(file.names("thread_name") == [0: ["compute", "checkpoint"], 1: ["compute"]])
    #expect(file.otherData == ["droppedEvents": 5, "clockUncertaintyNanoseconds": 77])
  }

  @Test("buckets that are under way together get rows of their own, nested operations do not")
  func rows() throws {
    let labels = [TraceLabel("bucket", .gradientTransfer), TraceLabel("work", .compute)]
    let spans: [(TraceLane, Int64, Int64)] = [
      (.communication, 0, 100), (.communication, 50, 150), (.communication, 60, 70), (.communication, 100, 120),
      (.compute, 0, 100), (.compute, 0, 50), (.compute, 50, 100), (.compute, 90, 130),
    ]
    let events = spans.map { lane, start, end in
      TraceEvent(label: lane == .compute ? 1 : 0, lane: lane, start: start * 1_000, end: end * 1_000)
    }
    let file = try written([RankTrace(rank: 0, node: "n", labels: labels, events: events)]).contents
    let rows = Dictionary(
      uniqueKeysWithValues: file.durations.map { ("\($0.name) \($0.ts ?? -1) \($0.dur ?? -1)", $0.tid) })
    #expect(
      rows == [
        "bucket 0.0 100.0": 1, "bucket 50.0 100.0": 5, "bucket 60.0 10.0": 9, "bucket 100.0 20.0": 1,
        "work 0.0 100.0": 0, "work 0.0 50.0": 0, "work 50.0 50.0": 0, "work 90.0 40.0": 4,
      ])
    #expect(
      file.names("thread_name")[0] == ["compute", "compute 2", "communication", "communication 2", "communication 3"])
    let orders = file.traceEvents.filter { $0.name == "thread_sort_index" }.compactMap(\.args?.order)
    #expect(orders == orders.sorted() && Set(orders).count == 5)
  }

  @Test("odd names stay valid JSON, enormous ones are cut")
  func names() throws {
    let odd = ["a\"b\\c\n\u{0}\u{1f}\u{7f}", "Größe/層/🙂\u{2028}", "", String(repeating: "\u{1}", count: 100_000)]
    let events = odd.indices.map { TraceEvent(label: $0, lane: .compute, start: Int64($0), end: Int64($0) + 1) }
    let trace = RankTrace(rank: 0, node: "n\"1", labels: odd.map { TraceLabel($0, .compute) }, events: events)
    let file = try written([trace]).contents
    #expect(file.durations.map(\.name) == odd.dropLast() + [String(repeating: "\u{1}", count: 1_000)])
    #expect(file.names("process_name") == [0: ["rank 0 (n\"1)"]])
  }

  @Test("many events go through the buffer without losing one; none at all is a file, too")
  func many() throws {
    let events = (0..<20_000).map { TraceEvent(label: 0, lane: .compute, start: Int64(20_000 - $0), end: 20_001) }
    let trace = RankTrace(rank: 0, node: "n", labels: [TraceLabel("x", .compute)], events: events)
    let file = try written([trace]).contents
    #expect(file.durations.count == 20_000)
    #expect(file.durations.enumerated().allSatisfy { abs(($1.ts ?? -1) - Double($0) / 1_000) < 1e-9 })
    #expect(try written([RankTrace(rank: 0, node: "n", labels: [], events: [])]).contents.durations.isEmpty)
  }

  @Test("a place that cannot be written is named")
  func unwritable() {
    #expect { try TraceFile.write([], to: "/nowhere/t.json") } throws: {
      "\($0)" == "/nowhere/t.json: cannot create: No such file or directory; check the path"
    }
  }

  @Test("two ranks record, gather and write one file that Python reads")
  func endToEnd() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/trace.json"
    // More than one piece of 64 kB on rank 1 and less on rank 0.
    let counts = [10, 5_000]
    let summaries = try InProcessCommunicator.run(ranks: 2) { communicator -> TraceSummary? in
      let recorder = TraceRecorder(capacity: 10_000)
      let step = recorder.name("discriminator step", kind: .phase)
      let wait = recorder.name("wait", kind: .gradientWait)
      try recorder.record(step, lane: .compute) {
        let start = TraceRecorder.now
        for _ in 0..<counts[communicator.rank] { recorder.record(wait, lane: .compute, start: start, end: start + 1) }
        try communicator.barrier()
      }
      recorder.isRecording = false
      guard let traces = try recorder.gather(over: communicator) else { return nil }
      #expect(traces.map(\.events.count) == counts.map { $0 + 1 } && traces.map(\.rank) == [0, 1])
      try TraceFile.write(traces, to: path)
      return TraceSummary(traces)
    }
    #expect(summaries[0]?.rankCount == 2 && summaries[0]?.phases.map(\.name) == ["discriminator step"])
    #expect(summaries[1] == nil)
    let script = """
      trace = json.load(open(sys.argv[1]))["traceEvents"]
      spans = [e for e in trace if e["ph"] == "X"]
      assert [e["ts"] for e in spans] == sorted(e["ts"] for e in spans) and spans[0]["ts"] == 0
      steps = [e for e in spans if e["cat"] == "phase"]
      # Both are in the barrier at one time.
      assert max(e["ts"] for e in steps) <= min(e["ts"] + e["dur"] for e in steps)
      print(len(spans), sorted(e["pid"] for e in steps))
      """
    guard let output = try python(script, modules: ["json", "sys"], arguments: [path]) else {
      return print("skipped: no python3 here")
    }
    #expect(output == "5012 [0, 1]\n")
  }
}
