#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension InProcessCommunicator {
  /// Runs `body` once per rank, each on a thread of its own, and returns the results in rank order.
  ///
  /// - Throws: the error of the lowest rank that failed by itself; ranks that waited for it fail with `.abandoned`.
  public static func run<Result: Sendable>(
    ranks: Int, _ body: @escaping @Sendable (InProcessCommunicator) throws -> Result
  ) throws -> [Result] {
    let tasks = makeGroup(size: ranks).map { RankTask(communicator: $0, body: body) }
    for task in tasks { task.start() }
    for task in tasks { task.join() }
    let outcomes = tasks.map(\.outcome)
    let failures = outcomes.compactMap { outcome -> (any Error)? in
      if case .failure(let error) = outcome { error } else { nil }
    }
    if let first = failures.first(where: { !isAbandoned($0) }) ?? failures.first { throw first }
    return try outcomes.map { try $0.get() }
  }

  private static func isAbandoned(_ error: any Error) -> Bool {
    if case .abandoned? = error as? CommunicationError { true } else { false }
  }
}

/// One rank's thread. `@unchecked Sendable`: `outcome` is written by the thread and read after it was joined.
private final class RankTask<Value: Sendable>: @unchecked Sendable {
  private let communicator: InProcessCommunicator
  private let body: @Sendable (InProcessCommunicator) throws -> Value
  private var thread = pthread_t()
  private(set) var outcome: Result<Value, any Error>

  init(
    communicator: InProcessCommunicator, body: @escaping @Sendable (InProcessCommunicator) throws -> Value
  ) {
    self.communicator = communicator
    self.body = body
    outcome = .failure(CommunicationError.abandoned(missing: communicator.rank, rank: communicator.rank))
  }

  private func run() {
    outcome = Result { try body(communicator) }
    communicator.close()
  }

  func start() {
    let context = Unmanaged.passRetained(ThreadWork { self.run() }).toOpaque()
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<ThreadWork>.fromOpaque(context).takeRetainedValue().work() }
        return nil
      }, context)
    precondition(code == 0, "cannot start the thread of rank \(communicator.rank): \(String(cString: strerror(code)))")
  }

  func join() {
    let code = pthread_join(thread, nil)
    precondition(code == 0, "cannot join the thread of rank \(communicator.rank): \(String(cString: strerror(code)))")
  }
}

/// What a C thread function is handed: it cannot capture, nor be generic.
private final class ThreadWork {
  let work: () -> Void
  init(work: @escaping () -> Void) { self.work = work }
}
