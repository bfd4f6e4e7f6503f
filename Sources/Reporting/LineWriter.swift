import Clocks
import Tensors
import Threads

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Lines on their way to a descriptor, written by a thread of their own: whoever says something never waits for a reader.
///
/// A terminal that is stopped, a pipe that nobody reads, a full disk cost lines, which are counted; when the reader is back,
/// a line says how many: `12 lines lost: nobody read them`. From the first that is lost on, none is taken until all that
/// were taken before are written, so what is missing is missing in one piece.
///
/// Nothing is allocated behind the first line. `@unchecked Sendable`: what both threads touch is read and written in
/// `monitor`; `current` and `notice` belong to the thread.
public final class LineWriter: @unchecked Sendable {
  private let descriptor: Int32
  /// Woken at every change of what follows.
  private let monitor = Monitor()
  private var queue: LineQueue
  /// What the thread writes.
  private let current: MemoryBlock
  private let notice = LineBuffer(capacity: 256)
  private var isRunning = false
  private var isWriting = false
  private var lostCount = 0
  /// Of the write that failed last; 0: there was no room for what was lost.
  private var lossCode: Int32 = 0
  /// A part of a line was written, and no more.
  private var isTorn = false
  /// Somebody has waited in vain: nobody does again until all is written.
  private var isStuck = false

  private static let stackByteCount = 256 << 10

  /// - Parameter capacity: how many bytes may wait.
  public init(descriptor: Int32, capacity: Int = 64 << 10) {
    precondition(capacity >= 512, "no room for a line in \(capacity) bytes")
    self.descriptor = descriptor
    queue = LineQueue(capacity: capacity)
    current = MemoryBlock(byteCount: capacity)
  }

  /// Takes a line (with its line feed), or counts it as lost. What is longer than the capacity is cut.
  public func write(_ line: UnsafeRawBufferPointer) {
    let isTaken = monitor.locked {
      guard isRunning || start() else { return false }
      // Where writing has failed, a new line shows whether that is over.
      if lostCount > 0, lossCode == 0 || !queue.append(line) {
        lostCount += 1
      } else if lostCount == 0, !queue.append(line) {
        lostCount = 1
      }
      monitor.wake()
      return true
    }
    // The system gives no thread: written as programs do.
    if !isTaken { _ = Self.put(line, to: descriptor) }
  }

  public func write(_ text: String) {
    var text = text
    text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
  }

  /// Waits a moment until everything is written, so that what another descriptor gets next stands behind it; not for a
  /// reader that somebody has waited for in vain.
  public func settle() {
    monitor.locked {
      guard isRunning, !isStuck else { return }
      isStuck = !waitUntilWritten(seconds: 0.25)
    }
  }

  /// At the end of a program: waits until everything is written, so many seconds at most; for nil, as long as it takes.
  public func finish(withinSeconds seconds: Double?) {
    monitor.locked {
      guard isRunning else { return }
      if let seconds {
        _ = waitUntilWritten(seconds: seconds)
      } else {
        while isBusy { monitor.wait() }
      }
    }
  }

  private var isBusy: Bool { isWriting || !queue.isEmpty || lostCount > 0 && lossCode == 0 }

  private func waitUntilWritten(seconds: Double) -> Bool {
    let end = SystemClock.monotonic.nanoseconds + UInt64(seconds * 1e9)
    while isBusy {
      if !monitor.wait(until: end) { return false }
    }
    return true
  }

  /// Starts the thread; it lives as long as the process. False when the system gives none.
  private func start() -> Bool {
    guard let thread = try? SystemThread(stackByteCount: Self.stackByteCount, { self.serve() }) else { return false }
    thread.detach()
    isRunning = true
    return true
  }
}

// The thread.
extension LineWriter {
  private func serve() {
    while true {
      let (count, told) = monitor.locked { next() }
      let (code, isTorn) = Self.put(UnsafeRawBufferPointer(start: current.address, count: count), to: descriptor)
      monitor.locked {
        isWriting = false
        self.isTorn = isTorn
        if code != 0 {
          lossCode = code
          lostCount += queue.removeAll() + max(1, told)
        }
        if !isBusy { isStuck = false }
        monitor.wake()
      }
    }
  }

  /// Waits for a line and copies it to `current`, or what there is to say of lost ones: how many does that speak of?
  private func next() -> (count: Int, told: Int) {
    while true {
      if lostCount > 0, queue.isEmpty == (lossCode == 0) {
        let told = lostCount
        let count = describeLoss()
        (lostCount, lossCode, isWriting) = (0, 0, true)
        return (count, told)
      }
      if !queue.isEmpty {
        isWriting = true
        return (queue.removeFirst(into: current.address), 0)
      }
      monitor.wait()
    }
  }

  private func describeLoss() -> Int {
    notice.removeAll()
    if isTorn { notice.append(UInt8(ascii: "\n")) }
    notice.append(lostCount, isGrouped: true)
    notice.append(lostCount == 1 ? " line lost: " as StaticString : " lines lost: ")
    if lossCode == 0 {
      notice.append("nobody read them" as StaticString)
    } else if let reason = strerror(lossCode) {
      for index in 0..<strlen(reason) { notice.append(UInt8(bitPattern: reason[index])) }
    }
    notice.append(UInt8(ascii: "\n"))
    if let text = notice.contents.baseAddress { memcpy(current.address, text, notice.count) }
    return notice.count
  }

  /// Writes all of it, however long that takes.
  ///
  /// - Returns: the code of the error that ended it, or 0; and whether something was written before.
  private static func put(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> (code: Int32, isTorn: Bool) {
    guard let start = bytes.baseAddress else { return (0, false) }
    var done = 0
    while done < bytes.count {
      #if canImport(Darwin)
        let written = Darwin.write(descriptor, start + done, bytes.count - done)
      #else
        let written = Glibc.write(descriptor, start + done, bytes.count - done)
      #endif
      if written >= 0 {
        done += written
      } else if errno == EAGAIN {
        // Somebody who shares it has made it so.
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&request, 1, -1)
      } else if errno != EINTR {
        return (errno, done > 0)
      }
    }
    return (0, false)
  }
}
