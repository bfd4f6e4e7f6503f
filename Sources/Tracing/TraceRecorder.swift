import Clocks
import Synchronization

/// Keeps what a rank did when, in memory that is there from the start: recording allocates nothing and takes no lock.
///
/// Two threads may record: the one that runs the programs on every lane but `.checkpoint`, the one that writes checkpoints on
/// that lane. Names are made, and events read, by the first only.
///
/// `@unchecked Sendable`: each of the two threads has a buffer of its own, whose contents another may read at any time;
/// `labels` and `names` belong to the first thread; `isRecording` is atomic.
public final class TraceRecorder: @unchecked Sendable {
  @usableFromInline let owner: EventBuffer
  @usableFromInline let checkpoints: EventBuffer
  @usableFromInline let recording: Atomic<Bool>
  /// What the names stand for, in the order they were made.
  public private(set) var labels: [TraceLabel] = []
  private var names: [TraceLabel: TraceName] = [:]

  /// - Parameters:
  ///   - capacity: events of the thread that runs the programs, 24 bytes each.
  ///   - checkpointCapacity: events of the thread that writes checkpoints.
  ///   - isRecording: whether to begin at once.
  public init(capacity: Int, checkpointCapacity: Int = 1_024, isRecording: Bool = true) {
    owner = EventBuffer(capacity: capacity)
    checkpoints = EventBuffer(capacity: checkpointCapacity)
    recording = Atomic(isRecording)
  }

  /// What is not recorded costs a nanosecond: switch on for the iterations that are wanted.
  public var isRecording: Bool {
    @inlinable @inline(__always) get { recording.load(ordering: .relaxed) }
    set { recording.store(newValue, ordering: .relaxed) }
  }

  /// How many events there was no room for.
  public var droppedCount: Int { owner.droppedCount + checkpoints.droppedCount }

  /// The name of something that will be recorded often; the same text and kind give the same name. May allocate.
  public func name(_ text: String, kind: TraceKind) -> TraceName {
    let label = TraceLabel(text, kind)
    if let known = names[label] { return known }
    let name = TraceName(index: UInt32(labels.count))
    labels.append(label)
    names[label] = name
    return name
  }

  /// The time, as `record` wants it.
  public static var now: UInt64 { SystemClock.monotonic.nanoseconds }

  /// Keeps an event, if events are recorded and there is room.
  ///
  /// - Units: `start` and `end` in nanoseconds of the monotonic clock.
  @inlinable
  @inline(__always)
  public func record(_ name: TraceName, lane: TraceLane, start: UInt64, end: UInt64) {
    guard isRecording else { return }
    let event = RecordedEvent(start: start, end: end, name: name.index, lane: UInt32(lane.rawValue))
    if lane == .checkpoint { checkpoints.append(event) } else { owner.append(event) }
  }

  /// Runs `body` and keeps how long it took, even where it throws.
  public func record<Result, Failure: Error>(
    _ name: TraceName, lane: TraceLane, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard isRecording else { return try body() }
    let start = Self.now
    defer { record(name, lane: lane, start: start, end: Self.now) }
    return try body()
  }
}
