import CMPI
import Clocks

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ends a run in which nothing moves any more, and says who is waited for.
///
/// A thread that looks at the signs of life of all ranks it can see, several times per timeout. When none of them has
/// changed for `stallTimeoutSeconds` (longer while some rank is at work that cannot beat, see `Activity.patience`), one rank
/// writes one line to standard error and the process ends with exit code 70; the others follow. Time in which this process
/// was itself suspended does not count.
///
/// The thread makes no MPI call, allocates nothing and takes no signal: it must work when the rest of the process does not,
/// whichever library call that is stuck in. Every rank has one, so none needs MPI to end the others.
///
/// `@unchecked Sendable`: what changes after `start()` belongs to the thread, except `thread`, which the owner uses.
public final class Watchdog: @unchecked Sendable {
  public static let exitCode: Int32 = 70
  /// How long the ranks that do not speak wait for the one that does.
  static let graceSeconds = 2.0
  /// For the line to pass through the launcher before it ends everything.
  private static let deliverySeconds = 0.1
  private static let lineCapacity = 1024

  private let rank: Int
  private let board: PulseBoard
  private let stallTimeoutSeconds: Double
  /// Descriptor that the line goes to.
  private let output: Int32
  private let end: @Sendable (UnsafeRawBufferPointer) -> Void
  private let current: UnsafeMutableBufferPointer<PulseReading>
  private let former: UnsafeMutableBufferPointer<PulseReading>
  private let lineMemory: UnsafeMutableRawBufferPointer
  private var thread: pthread_t?
  /// Reading and writing end; a byte stops the thread.
  private var pipeEnds: (Int32, Int32) = (-1, -1)

  /// - Parameter pulse: the communicator's; ranks of other nodes are seen through it as well.
  /// - Precondition: `stallTimeoutSeconds` > 0.
  public convenience init(pulse: Pulse, stallTimeoutSeconds: Double) {
    self.init(pulse: pulse, stallTimeoutSeconds: stallTimeoutSeconds) { _ in _exit(Self.exitCode) }
  }

  /// - Parameter end: what is done after the line (empty when another rank has written it) in place of ending the process.
  init(
    pulse: Pulse, stallTimeoutSeconds: Double, output: Int32 = STDERR_FILENO,
    end: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
  ) {
    precondition(stallTimeoutSeconds > 0, "a stall timeout of \(stallTimeoutSeconds) s")
    (rank, board, self.stallTimeoutSeconds, self.end) = (pulse.rank, pulse.board, stallTimeoutSeconds, end)
    self.output = output
    current = .allocate(capacity: pulse.size)
    former = .allocate(capacity: pulse.size)
    current.initialize(repeating: PulseReading())
    former.initialize(repeating: PulseReading())
    lineMemory = .allocate(byteCount: Self.lineCapacity, alignment: 8)
  }

  deinit {
    current.deallocate()
    former.deallocate()
    lineMemory.deallocate()
  }

  /// Starts the thread; `stop()` ends it, or the regular end of the communicator does.
  ///
  /// - Throws: `.watchdog` when the system gives no thread or pipe.
  public func start() throws(CommunicationError) {
    precondition(thread == nil, "the watchdog runs already")
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw failure("no pipe", errno) }
    pipeEnds = (ends[0], ends[1])
    // Not for programs that this process starts; a descriptor just made has no other flags.
    guard fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0, fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0 else {
      let code = errno
      closePipe()
      throw failure("no pipe", code)
    }
    // The thread inherits a mask that holds every signal back; this thread's own is as before.
    var (all, before) = (sigset_t(), sigset_t())
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    let code = createThread()
    pthread_sigmask(SIG_SETMASK, &before, nil)
    if code != 0 {
      closePipe()
      throw failure("no thread", code)
    }
  }

  private func createThread() -> Int32 {
    var attributes = pthread_attr_t()
    var code = pthread_attr_init(&attributes)
    guard code == 0 else { return code }
    defer { pthread_attr_destroy(&attributes) }
    // Plenty for a loop that calls nothing deep, whatever thread-local storage the libraries take of it.
    code = pthread_attr_setstacksize(&attributes, 256 << 10)
    guard code == 0 else { return code }
    let context = Unmanaged.passRetained(self)
    var made = pthread_t()
    code = pthread_create(
      &made, &attributes,
      { context in
        #if canImport(Darwin)
          Unmanaged<Watchdog>.fromOpaque(context).takeRetainedValue().watch()
        #else
          if let context { Unmanaged<Watchdog>.fromOpaque(context).takeRetainedValue().watch() }
        #endif
        return nil
      }, context.toOpaque())
    if code == 0 { thread = made } else { context.release() }
    return code
  }

  /// Ends the thread and returns when it has ended. A second call does nothing.
  public func stop() {
    guard let thread else { return }
    var byte: UInt8 = 0
    let written = write(pipeEnds.1, &byte, 1)
    precondition(written == 1, "cannot stop the watchdog")
    let code = pthread_join(thread, nil)
    precondition(code == 0, "cannot join the watchdog: \(String(cString: strerror(code)))")
    self.thread = nil
    closePipe()
  }

  private func closePipe() {
    // Nothing was written that closing could lose.
    _ = (close(pipeEnds.0), close(pipeEnds.1))
    pipeEnds = (-1, -1)
  }

  private func failure(_ what: StaticString, _ code: Int32) -> CommunicationError {
    .watchdog(text: "\(what): \(String(cString: strerror(code)))", rank: rank)
  }

  /// The thread.
  private func watch() {
    let tick = min(0.25, stallTimeoutSeconds / 10)
    var (quiet, before) = (0.0, SystemClock.monotonic.nanoseconds)
    board.countWatch(rank: rank)
    board.read(into: former)
    while sleepsUndisturbed(seconds: tick) {
      let now = SystemClock.monotonic.nanoseconds
      // Of a longer gap this process was suspended, perhaps all of them.
      quiet += min(Double(now - before) * 1e-9, 2 * tick)
      before = now
      board.countWatch(rank: rank)
      board.read(into: current)
      if current[rank].hasEnded { return }
      if current.contains(where: \.hasSpoken) {
        guard sleepsUndisturbed(seconds: 2 * Self.deliverySeconds) else { return }
        return end(UnsafeRawBufferPointer(rebasing: lineMemory[..<0]))
      }
      if hasMoved() {
        quiet = 0
        _ = former.update(fromContentsOf: current)
        continue
      }
      let stall = Stall(UnsafeBufferPointer(current), before: UnsafeBufferPointer(former))
      let limit = stallTimeoutSeconds * stall.patience
      guard quiet >= limit, stall.speaker == rank || quiet >= limit + Self.graceSeconds else { continue }
      return speak(stall, seconds: quiet)
    }
  }

  private func hasMoved() -> Bool {
    for rank in current.indices where !current[rank].isSame(as: former[rank]) { return true }
    return false
  }

  private func speak(_ stall: Stall, seconds: Double) {
    var line = LineBuffer(lineMemory)
    stall.describe(rank: rank, seconds: seconds, in: &line)
    // Neither a closed standard error nor a full pipe that nobody reads must keep the process alive.
    if takesLine { _ = write(output, line.bytes.baseAddress, line.bytes.count) }
    board.setSpoken(rank: rank)
    _ = sleepsUndisturbed(seconds: Self.deliverySeconds)
    end(line.bytes)
  }

  /// Whether the line can be written without waiting for a reader, now or within the grace time.
  private var takesLine: Bool {
    var request = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
    return output >= 0 && poll(&request, 1, Int32(Self.graceSeconds * 1000)) > 0
  }

  /// False when `stop()` was called meanwhile.
  private func sleepsUndisturbed(seconds: Double) -> Bool {
    var request = pollfd(fd: pipeEnds.0, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, Int32(max(1, seconds * 1000))) <= 0
  }
}
