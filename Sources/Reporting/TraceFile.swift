import Files
import Tracing

/// A trace of all ranks for a timeline viewer (ui.perfetto.dev, chrome://tracing): each rank is a process, each lane a
/// thread of it.
///
/// - Units: microseconds from the earliest event on, to three decimals.
/// - Source: Trace Event Format, "JSON Object Format", complete events (X) and metadata events (M).
public enum TraceFile {
  /// Writes the file beside its name, then renames it.
  ///
  /// - Parameter traces: in rank order, in one clock, as `TraceRecorder.gather` returns them.
  public static func write(_ traces: [RankTrace], to path: String) throws(ReportError) {
    do throws(FileError) {
      try AtomicFile.write(to: path, isDurable: false) { file throws(FileError) in
        try TraceOutput(file: file).write(traces)
      }
    } catch { throw ReportError(error) }
  }
}

/// The text under way to the file.
private struct TraceOutput {
  let file: FileWriter
  /// A hundred events or more at a time.
  private let buffer = LineBuffer(capacity: 1 << 16)
  /// Room that every event finds: its name, in which each of `nameLimit` scalars may take 6 bytes, and 200 for the rest.
  private static let roomForEvent = 1 << 13
  private static let nameLimit = 1_000

  init(file: FileWriter) { self.file = file }

  func write(_ traces: [RankTrace]) throws(FileError) {
    buffer.append(#"{"displayTimeUnit":"ms","otherData":{"# as StaticString)
    buffer.field("droppedEvents", traces.reduce(0) { $0 + $1.droppedCount })
    buffer.field("clockUncertaintyNanoseconds", Int(traces.map(\.uncertainty).max() ?? 0))
    buffer.append("},\n" as StaticString)
    buffer.append(#""traceEvents":["# as StaticString)
    let all = traces.map(TraceRows.init)
    for (trace, rows) in zip(traces, all) { try describe(trace, rows) }
    let first = traces.flatMap { $0.events.map(\.start) }.min() ?? 0
    let ordered = all.indices.flatMap { place in all[place].events.map { (place, $0) } }.sorted { a, b in
      TraceRows.isInOrder(a.1.event, b.1.event)
    }
    for (place, placed) in ordered { try write(placed, of: traces[place], since: first) }
    buffer.append("\n]}\n" as StaticString)
    try flush()
  }

  /// The names of a rank and of its rows, and the order to show them in.
  private func describe(_ trace: RankTrace, _ rows: TraceRows) throws(FileError) {
    let process = "rank \(trace.rank) (\(trace.node))"
    try writeMetadata("process_name", of: trace.rank, row: 0) { $0.field("name", text: Self.cut(process)) }
    try writeMetadata("process_sort_index", of: trace.rank, row: 0) { $0.field("sort_index", trace.rank) }
    for row in rows.rows {
      try writeMetadata("thread_name", of: trace.rank, row: row.number) { $0.field("name", text: row.name) }
      try writeMetadata("thread_sort_index", of: trace.rank, row: row.number) { $0.field("sort_index", row.order) }
    }
  }

  private func writeMetadata(
    _ name: StaticString, of rank: Int, row: Int, _ argument: (LineBuffer) -> Void
  ) throws(FileError) {
    try begin()
    buffer.field("ph", text: "M")
    buffer.field("name", name)
    buffer.field("pid", rank)
    buffer.field("tid", row)
    buffer.append(#","args":{"# as StaticString)
    argument(buffer)
    buffer.append("}}" as StaticString)
  }

  private func write(_ placed: TraceRows.Placed, of trace: RankTrace, since first: Int64) throws(FileError) {
    let label = trace.labels[placed.event.label]
    try begin()
    buffer.field("ph", text: "X")
    buffer.field("name", text: Self.cut(label.text))
    buffer.field("cat", text: label.kind.words)
    buffer.field("pid", trace.rank)
    buffer.field("tid", placed.row)
    buffer.append(#","ts":"# as StaticString)
    buffer.append(Double(placed.event.start - first) * 1e-3, decimals: 3)
    buffer.append(#","dur":"# as StaticString)
    buffer.append(Double(max(0, placed.event.end - placed.event.start)) * 1e-3, decimals: 3)
    buffer.endObject()
  }

  /// A new line for a new event, in the buffer if it has room and the file otherwise.
  private func begin() throws(FileError) {
    if buffer.last != UInt8(ascii: "[") { buffer.append(UInt8(ascii: ",")) }
    if buffer.capacity - buffer.count < Self.roomForEvent { try flush() }
    buffer.append(UInt8(ascii: "\n"))
    buffer.beginObject()
  }

  private func flush() throws(FileError) {
    precondition(!buffer.isOverfull, "an event of more than \(Self.roomForEvent) bytes")
    try file.write(buffer.contents)
    buffer.removeAll()
  }

  private static func cut(_ name: String) -> String {
    String(String.UnicodeScalarView(name.unicodeScalars.prefix(nameLimit)))
  }
}
