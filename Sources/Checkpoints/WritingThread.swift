import CSignals

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A thread that runs one task at a time and keeps what they return.
///
/// Its priority is the ordinary one: with nice 10 beside threads that compute on all processors a write of 60 MB took
/// several times as long (250 to 440 ms, 50 to 165 ms without), for the same 24 ms of processor time, and the next
/// snapshot would wait for it.
///
/// `@unchecked Sendable`: what both threads touch is read and written under `mutex`; `thread` belongs to the owner.
final class WritingThread: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  /// Signalled at every change of `task` and `isEnding`; owner and thread never wait at once.
  private let change = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var task: (() -> CheckpointOutcome)?
  private var isEnding = false
  private var outcomes: [CheckpointOutcome] = []
  private var thread: pthread_t?

  init() {
    check(pthread_mutex_init(mutex, nil), "pthread_mutex_init")
    check(pthread_cond_init(change, nil), "pthread_cond_init")
  }

  // The thread keeps this object alive, so it has ended.
  deinit {
    pthread_cond_destroy(change)
    pthread_mutex_destroy(mutex)
    change.deallocate()
    mutex.deallocate()
  }

  var isBusy: Bool { locked { task != nil } }

  /// Starts the thread if there is none.
  ///
  /// - Throws: naming `path`, which was to be written, when the system has no thread left.
  func start(for path: String) throws(CheckpointError) {
    guard thread == nil else { return }
    isEnding = false
    // Held back before the thread begins, which inherits it.
    var before = sigset_t()
    check(csig_leave_requests_to_others(&before), "pthread_sigmask")
    let context = Unmanaged.passRetained(self)
    #if canImport(Darwin)
      var created: pthread_t?
    #else
      var created = pthread_t()
    #endif
    let code = pthread_create(
      &created, nil,
      { context in
        #if canImport(Darwin)
          Unmanaged<WritingThread>.fromOpaque(context).takeRetainedValue().serve()
        #else
          if let context { Unmanaged<WritingThread>.fromOpaque(context).takeRetainedValue().serve() }
        #endif
        return nil
      }, context.toOpaque())
    check(pthread_sigmask(SIG_SETMASK, &before, nil), "pthread_sigmask")
    guard code == 0 else {
      context.release()
      throw CheckpointError(
        file: path, reason: "cannot start the thread that writes: \(String(cString: strerror(code)))",
        remedy: "raise the limit of threads (ulimit -u)", cause: .unwritable(code))
    }
    thread = created
  }

  /// Hands over a task.
  ///
  /// - Precondition: the thread runs and has none.
  func run(_ next: @escaping () -> CheckpointOutcome) {
    locked {
      precondition(task == nil && thread != nil, "a task for a thread that is busy or has ended")
      task = next
      check(pthread_cond_broadcast(change), "pthread_cond_broadcast")
    }
  }

  /// Waits until there is no task.
  func wait() {
    locked { while task != nil { check(pthread_cond_wait(change, mutex), "pthread_cond_wait") } }
  }

  func takeOutcomes() -> [CheckpointOutcome] {
    locked {
      defer { outcomes = [] }
      return outcomes
    }
  }

  /// Waits for the task and ends the thread, if there is one.
  func end() {
    guard let running = thread else { return }
    locked {
      isEnding = true
      check(pthread_cond_broadcast(change), "pthread_cond_broadcast")
    }
    check(pthread_join(running, nil), "pthread_join")
    thread = nil
  }

  /// The thread's life: tasks, until it is told to end and has none.
  private func serve() {
    while let next = waitForTask() {
      let outcome = next()
      locked {
        outcomes.append(outcome)
        task = nil
        check(pthread_cond_broadcast(change), "pthread_cond_broadcast")
      }
    }
  }

  private func waitForTask() -> (() -> CheckpointOutcome)? {
    locked {
      while task == nil && !isEnding { check(pthread_cond_wait(change, mutex), "pthread_cond_wait") }
      return task
    }
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    check(pthread_mutex_lock(mutex), "pthread_mutex_lock")
    defer { check(pthread_mutex_unlock(mutex), "pthread_mutex_unlock") }
    return body()
  }
}

/// These calls fail only when called wrongly.
private func check(_ code: Int32, _ call: String) {
  precondition(code == 0, "\(call) fails: \(String(cString: strerror(code)))")
}
