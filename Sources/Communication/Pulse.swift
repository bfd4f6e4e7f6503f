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
  /// Of the job that these ranks are a part of: what moves here moves there. Nil where they are the job.
  private let parent: Pulse?
  /// What `parent` was at before.
  private let parentWork: UInt64
  /// A watchdog runs; set by it.
  public internal(set) var isWatched = false {
    didSet { if isWatched != oldValue { parent?.countWatchedParts(isWatched ? 1 : -1) } }
  }
  private var line: UnsafeMutableRawPointer
  private var arrivals: UInt64 = 0
  /// Collectives inside collectives: the outermost is the one to name.
  private var depth = 0
  private var activity = Activity.starting

  init(rank: Int, size: Int, board: PulseBoard, parent: Pulse? = nil) {
    (self.rank, self.size, self.board, self.parent) = (rank, size, board, parent)
    parentWork = parent?.work ?? 0
    line = board.line(of: rank)
    enter(.starting, iteration: 0)
  }

  /// - Parameter numbers: what the ranks are called in messages, where that is not 0 to `size` - 1.
  convenience init(rank: Int, size: Int, numbers: [Int]? = nil, parent: Pulse? = nil) {
    self.init(rank: rank, size: size, board: PulseBoard(size: size, numbers: numbers), parent: parent)
  }

  /// This rank moves. To be called after every kernel: about a nanosecond.
  @inline(__always)
  public func beat() {
    cmpi_word_increment(line, PulseBoard.Word.beats.rawValue)
    heartbeats?.tick(line)
    parent?.beat()
  }

  /// This rank goes on to `activity` of `iteration`; counts as a beat.
  public func enter(_ activity: Activity, iteration: Int) {
    precondition(iteration >= 0, "iteration \(iteration)")
    cmpi_word_store(line, PulseBoard.Word.work.rawValue, UInt64(iteration) << 8 | UInt64(activity.rawValue))
    cmpi_word_increment(line, PulseBoard.Word.beats.rawValue)
    // Others must know before a long silence that it will be one.
    heartbeats?.tick(line, isUrgent: activity.patience != self.activity.patience)
    self.activity = activity
    parent?.enter(activity, iteration: iteration)
  }

  private func countWatchedParts(_ change: Int) {
    board.watchedParts.add(change, ordering: .relaxed)
    parent?.countWatchedParts(change)
  }

  private var work: UInt64 { cmpi_word_load(line, PulseBoard.Word.work.rawValue) }

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
    cmpi_word_store(line, PulseBoard.Word.work.rawValue, work & ~PulseReading.kernels | mark)
    heartbeats?.tick(line, isUrgent: true)
    parent?.markKernels(mark)
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
    heartbeats?.exchange(line)
    return parent?.exchangeHeartbeats() ?? heartbeats?.failure
  }

  /// Collective; the regular end of heartbeats.
  func disconnect(polling: PollingLoop) throws(CommunicationError) {
    try heartbeats?.end(polling: polling)
    heartbeats = nil
  }

  /// The end in order: nothing more is expected of this rank, its watchdog stops.
  func end() {
    cmpi_word_store(line, PulseBoard.Word.ended.rawValue, 1)
    guard let parent, let activity = Activity(rawValue: Int32(parentWork & 127)) else { return }
    parent.enter(activity, iteration: Int(parentWork >> 8))
  }

  /// Whether this rank is the one to say why all end: the first that asks, of those that see each other's signs.
  public func claimVoice() -> Bool { board.claimVoice() }
}
