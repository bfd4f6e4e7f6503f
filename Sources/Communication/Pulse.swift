import CMPI

/// The signs of life of one rank: how far it is and whether it still moves, for the watchdogs of all ranks that see it.
///
/// Only the thread that makes the communicator's calls may use it.
public final class Pulse {
  public let rank: Int
  public let size: Int
  let board: PulseBoard
  /// To and from ranks that do not see this one's memory; nil where there are none. Private, which spares a check of
  /// exclusive access, two thirds of a beat's time.
  private var heartbeats: Heartbeats?
  private var line: UnsafeMutableRawPointer
  private var arrivals: UInt64 = 0
  /// Collectives inside collectives: the outermost is the one to name.
  private var depth = 0
  private var activity = Activity.starting

  init(rank: Int, size: Int, board: PulseBoard) {
    (self.rank, self.size, self.board) = (rank, size, board)
    line = board.line(of: rank)
    enter(.starting, iteration: 0)
  }

  convenience init(rank: Int, size: Int) { self.init(rank: rank, size: size, board: PulseBoard(size: size)) }

  /// This rank moves. To be called after every kernel: about a nanosecond.
  @inline(__always)
  public func beat() {
    cmpi_word_increment(line, PulseBoard.Word.beats.rawValue)
    heartbeats?.tick(line)
  }

  /// This rank goes on to `activity` of `iteration`; counts as a beat.
  public func enter(_ activity: Activity, iteration: Int) {
    precondition(iteration >= 0, "iteration \(iteration)")
    cmpi_word_store(line, PulseBoard.Word.work.rawValue, UInt64(iteration) << 8 | UInt64(activity.rawValue))
    cmpi_word_increment(line, PulseBoard.Word.beats.rawValue)
    // Others must know before a long silence that it will be one.
    heartbeats?.tick(line, isUrgent: activity.patience != self.activity.patience)
    self.activity = activity
  }

  /// Kernels run until `endKernels()`, and beat: whatever the activity, from now on silence means that one of them hangs.
  @inline(__always)
  public func startKernels() {
    if activity.patience > 1 { markKernels(PulseReading.kernels) }
  }

  @inline(__always)
  public func endKernels() {
    if activity.patience > 1 { markKernels(0) }
  }

  private func markKernels(_ mark: UInt64) {
    let work = cmpi_word_load(line, PulseBoard.Word.work.rawValue)
    cmpi_word_store(line, PulseBoard.Word.work.rawValue, work & ~PulseReading.kernels | mark)
    heartbeats?.tick(line, isUrgent: true)
  }

  /// This rank begins to wait for the others, until `leave()`.
  func arrive(at collective: Collective) {
    depth += 1
    guard depth == 1 else { return }
    arrivals += 1
    cmpi_word_store(line, PulseBoard.Word.presence.rawValue, arrivals << 8 | UInt64(collective.rawValue))
  }

  func leave() {
    depth -= 1
    if depth == 0 { cmpi_word_store(line, PulseBoard.Word.presence.rawValue, arrivals << 8) }
  }

  /// The signs lie at `shared` from now on; in own memory for nil.
  func move(to shared: UnsafeMutableRawPointer?) {
    board.move(to: shared, rank: rank)
    line = board.line(of: rank)
  }

  /// From now on ranks of other nodes hear of this one, and this one of them.
  func connect(_ heartbeats: Heartbeats) { self.heartbeats = heartbeats }

  /// While this rank waits: lets heartbeats come and go, and returns what went wrong with them.
  func exchangeHeartbeats() -> CommunicationError? {
    guard let heartbeats else { return nil }
    heartbeats.exchange(line)
    return heartbeats.failure
  }

  /// Collective; the regular end of heartbeats.
  func disconnect(polling: PollingLoop) throws(CommunicationError) {
    try heartbeats?.end(polling: polling)
    heartbeats = nil
  }

  /// The end in order: nothing more is expected of this rank, its watchdog stops.
  func end() { cmpi_word_store(line, PulseBoard.Word.ended.rawValue, 1) }
}
