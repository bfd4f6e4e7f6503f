import Threads

/// A thread that runs one task at a time and keeps what they return.
///
/// Its priority is the ordinary one: with nice 10 beside threads that compute on all processors a write of 60 MB took
/// several times as long (250 to 440 ms, 50 to 165 ms without), for the same 24 ms of processor time, and the next
/// snapshot would wait for it.
///
/// `@unchecked Sendable`: what both threads touch is read and written in `monitor`; `thread` belongs to the owner.
final class WritingThread: @unchecked Sendable {
  /// Woken at every change of `task` and `isEnding`; owner and thread never wait at once.
  private let monitor = Monitor()
  private var task: (() -> CheckpointOutcome)?
  private var isEnding = false
  private var outcomes: [CheckpointOutcome] = []
  private var thread: SystemThread?

  var isBusy: Bool { monitor.locked { task != nil } }

  /// Starts the thread if there is none.
  ///
  /// - Throws: naming `path`, which was to be written, when the system has no thread left.
  func start(for path: String) throws(CheckpointError) {
    guard thread == nil else { return }
    isEnding = false
    do throws(SystemThread.Shortage) { thread = try SystemThread { self.serve() } } catch {
      throw CheckpointError(
        file: path, reason: "cannot start the thread that writes: \(error.reason)",
        remedy: "raise the limit of threads (ulimit -u)", cause: .unwritable(error.code))
    }
  }

  /// Hands over a task.
  ///
  /// - Precondition: the thread runs and has none.
  func run(_ next: @escaping () -> CheckpointOutcome) {
    monitor.locked {
      precondition(task == nil && thread != nil, "a task for a thread that is busy or has ended")
      task = next
      monitor.wake()
    }
  }

  /// Waits until there is no task.
  func wait() {
    monitor.locked { while task != nil { monitor.wait() } }
  }

  func takeOutcomes() -> [CheckpointOutcome] {
    monitor.locked {
      defer { outcomes = [] }
      return outcomes
    }
  }

  /// Waits for the task and ends the thread, if there is one.
  func end() {
    guard let running = thread else { return }
    monitor.locked {
      isEnding = true
      monitor.wake()
    }
    running.join()
    thread = nil
  }

  /// The thread's life: tasks, until it is told to end and has none.
  private func serve() {
    while let next = waitForTask() {
      let outcome = next()
      monitor.locked {
        outcomes.append(outcome)
        task = nil
        monitor.wake()
      }
    }
  }

  private func waitForTask() -> (() -> CheckpointOutcome)? {
    monitor.locked {
      while task == nil && !isEnding { monitor.wait() }
      return task
    }
  }
}
