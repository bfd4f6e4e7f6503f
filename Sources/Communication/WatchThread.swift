import Clocks
import Threads

/// A thread that watches the others: it takes no request to stop, and sleeps between looks until it is told to end.
///
/// The sleep is a condition variable, not a descriptor: whatever the rest of the process does to its descriptors, whatever is
/// written into them, neither wakes nor ends it.
///
/// `@unchecked Sendable`: `isEnding` is read and written in `monitor`; `thread` belongs to the owner.
final class WatchThread: @unchecked Sendable {
  private let monitor = Monitor()
  private var isEnding = false
  private var thread: SystemThread?

  /// Plenty for a loop that calls nothing deep, whatever thread-local storage the libraries take of it.
  private static let stackByteCount = 256 << 10

  var isRunning: Bool { thread != nil }

  /// Starts the thread, which runs `body` once; it may be started again after `stop()`.
  ///
  /// - Precondition: it does not run.
  func start(_ body: @escaping @Sendable () -> Void) throws(SystemThread.Shortage) {
    precondition(thread == nil, "the thread runs already")
    monitor.locked { isEnding = false }
    thread = try SystemThread(stackByteCount: Self.stackByteCount, body)
  }

  /// Ends the thread's sleep, and returns when it has ended. A second call does nothing.
  func stop() {
    guard let running = thread else { return }
    monitor.locked {
      isEnding = true
      monitor.wake()
    }
    running.join()
    thread = nil
  }

  /// For the thread: false when `stop()` was called meanwhile, at once.
  func sleeps(seconds: Double) -> Bool {
    let end = SystemClock.monotonic.nanoseconds + UInt64(max(0, seconds) * 1e9)
    return monitor.locked {
      while !isEnding {
        guard monitor.wait(until: end) else { return true }
      }
      return false
    }
  }
}
