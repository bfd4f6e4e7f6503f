import Synchronization
import Tensors

/// An event as it is recorded and as it travels: 24 bytes without gaps.
@usableFromInline
struct RecordedEvent: BitwiseCopyable {
  @usableFromInline let start: UInt64
  @usableFromInline let end: UInt64
  @usableFromInline let name: UInt32
  @usableFromInline let lane: UInt32

  @inlinable
  init(start: UInt64, end: UInt64, name: UInt32, lane: UInt32) {
    (self.start, self.end, self.name, self.lane) = (start, end, name, lane)
  }
}

/// Room for a fixed number of events; what comes later is only counted.
///
/// `@unchecked Sendable`: one thread appends. An event is written before `count` is published (release), and others read
/// only the events below a `count` that they have read (acquire); those never change.
@usableFromInline
final class EventBuffer: @unchecked Sendable {
  private let block: MemoryBlock
  @usableFromInline let events: UnsafeMutablePointer<RecordedEvent>
  @usableFromInline let capacity: Int
  @usableFromInline let published = Atomic<Int>(0)
  @usableFromInline let dropped = Atomic<Int>(0)

  init(capacity: Int) {
    precondition(capacity >= 0, "room for \(capacity) events")
    self.capacity = capacity
    block = MemoryBlock(byteCount: capacity * MemoryLayout<RecordedEvent>.stride)
    events = block.address.bindMemory(to: RecordedEvent.self, capacity: capacity)
    // Touched now: a page fault while recording takes as long as twenty events.
    events.initialize(repeating: RecordedEvent(start: 0, end: 0, name: 0, lane: 0), count: capacity)
  }

  @inlinable
  @inline(__always)
  func append(_ event: RecordedEvent) {
    let count = published.load(ordering: .relaxed)
    guard count < capacity else {
      dropped.store(dropped.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
      return
    }
    events[count] = event
    published.store(count &+ 1, ordering: .releasing)
  }

  /// What has been recorded so far.
  var contents: UnsafeBufferPointer<RecordedEvent> {
    UnsafeBufferPointer(start: events, count: published.load(ordering: .acquiring))
  }

  var droppedCount: Int { dropped.load(ordering: .relaxed) }
}
