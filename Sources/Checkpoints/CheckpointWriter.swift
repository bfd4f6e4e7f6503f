import Clocks
import Files
import Tensors

/// Writes checkpoints while training goes on: the state is copied, a thread of its own brings the copy to the disk.
///
/// A write that fails (full disk, directory gone) is an outcome to warn of, and the next one tries again; nothing is
/// removed before a newer checkpoint is in place. Then those behind it go (`CheckpointStore.removeLater`), and what
/// `retention` does not keep; only those of this run, as their headers say (`isOwn`).
///
/// Owned by one thread: no method may be called from two at once.
public final class CheckpointWriter {
  public let store: CheckpointStore
  /// Holds for the writes that begin after it was set.
  public var retention: CheckpointRetention
  /// Checkpoints of a continuation that was given up, damaged ones that a resume skipped among them: once a new one is in
  /// place, they go; where a header does not say whose one is, it gets another name.
  public var abandoned: Set<CheckpointPosition> = []
  /// Whether a checkpoint is of this run, or of a state that it descends from: no other is ever removed or replaced. Asked on
  /// the thread that writes, once for each file.
  public var isOwn: (SafetensorsFile) -> Bool = { _ in true } {
    didSet {
      thread.wait()
      ledger = CheckpointLedger(store: store, isOwn: isOwn)
    }
  }
  /// Told on the thread that writes, in nanoseconds of the monotonic clock, when a write began and ended.
  public var observer: (@Sendable (_ start: UInt64, _ end: UInt64) -> Void)?
  private let thread = WritingThread()
  /// The copy; one block, used again and again.
  private var snapshot: MemoryBlock?
  /// Belongs to whoever writes.
  private var ledger: CheckpointLedger

  public init(store: CheckpointStore, retention: CheckpointRetention) {
    self.store = store
    self.retention = retention
    ledger = CheckpointLedger(store: store, isOwn: isOwn)
  }

  deinit { finish() }

  /// Takes the memory for snapshots now, touched page by page, instead of in the first `submit`: for 60 MB that takes
  /// up to a quarter of a second, once.
  public func reserve(byteCount: Int) {
    guard byteCount > snapshot?.byteCount ?? 0 else { return }
    thread.wait()
    // The old block goes first: never two.
    snapshot = nil
    let block = MemoryBlock(byteCount: byteCount)
    block.address.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    snapshot = block
  }

  /// Whether a submitted checkpoint is not yet finished: another `submit` would have to wait.
  public var isWriting: Bool { thread.isBusy }

  /// Copies the tensors and returns; they may change from then on. Waits first for the write before, if that still
  /// goes on; `drain` tells how it ends.
  ///
  /// - Precondition: as for `SafetensorsFile.write`.
  /// - Throws: when there is no thread to be had; `write` does without.
  public func submit(
    position: CheckpointPosition, tensors: [StoredTensor], metadata: [String: String] = [:]
  ) throws(CheckpointError) {
    let path = store.path(position)
    try thread.start(for: path)
    let begin = SystemClock.monotonic.seconds
    thread.wait()
    let ready = SystemClock.monotonic.seconds
    let layout = SafetensorsLayout(tensors, metadata: metadata)
    reserve(byteCount: layout.dataByteCount)
    guard let snapshot else { preconditionFailure("no memory for the snapshot of \(path)") }
    let copy = layout.copied(to: snapshot.address)
    abandoned.remove(position)
    let task = WritingTask(
      position: position, layout: copy, store: store, retention: retention, abandoned: abandoned, ledger: ledger)
    let copied = SystemClock.monotonic.seconds
    let observer = observer
    thread.run {
      let start = SystemClock.monotonic.nanoseconds
      defer { observer?(start, SystemClock.monotonic.nanoseconds) }
      do throws(CheckpointError) {
        var written = try task.run()
        written.waitedSeconds = ready - begin
        written.snapshotSeconds = copied - ready
        return .written(written)
      } catch {
        return .failed(position, error)
      }
    }
  }

  /// Writes at once, without a copy, after the write before has ended: for the last checkpoint before an exit.
  ///
  /// - Throws: when it could not be written; the checkpoints before are untouched then.
  public func write(
    position: CheckpointPosition, tensors: [StoredTensor], metadata: [String: String] = [:]
  ) throws(CheckpointError) -> WrittenCheckpoint {
    let start = SystemClock.monotonic.seconds
    thread.wait()
    let waitedSeconds = SystemClock.monotonic.seconds - start
    let layout = SafetensorsLayout(tensors, metadata: metadata)
    abandoned.remove(position)
    var written = try WritingTask(
      position: position, layout: layout, store: store, retention: retention, abandoned: abandoned, ledger: ledger
    ).run()
    written.waitedSeconds = waitedSeconds
    abandoned = []
    return written
  }

  /// The writes that have ended since the last call, in order; does not wait.
  public func drain() -> [CheckpointOutcome] {
    let outcomes = thread.takeOutcomes()
    for case .written in outcomes { abandoned = [] }
    return outcomes
  }

  /// Waits for the write that is under way, if there is one; `drain` tells how it went.
  public func wait() { thread.wait() }

  /// Waits for the running write and ends the thread; `drain` tells how it went. A later `submit` starts it anew.
  public func finish() { thread.end() }
}

/// One checkpoint to be written, by whatever thread.
struct WritingTask {
  let position: CheckpointPosition
  let layout: SafetensorsLayout
  let store: CheckpointStore
  let retention: CheckpointRetention
  let abandoned: Set<CheckpointPosition>
  let ledger: CheckpointLedger

  /// Writes, puts in place, then removes what is to go.
  func run() throws(CheckpointError) -> WrittenCheckpoint {
    let start = SystemClock.monotonic.seconds
    let processorStart = SystemClock.thread.seconds
    let path = store.path(position)
    let aside = try store.setAside(position, by: ledger)
    let byteCount = try layout.write(to: store.place(position))
    ledger.add(position)
    return WrittenCheckpoint(
      position: position, path: path, byteCount: byteCount, writtenSeconds: SystemClock.monotonic.seconds - start,
      processorSeconds: SystemClock.thread.seconds - processorStart, leftOver: removeOld(aside))
  }

  /// - Returns: what stays though it was to go, and why.
  private func removeOld(_ aside: String?) -> CheckpointError? {
    var left: [CheckpointError] = []
    if let aside {
      left.append(CheckpointError(aside: aside, from: store.path(position), why: "is not known to be this run's"))
    }
    // What fails keeps nothing else.
    func attempt(_ body: () throws(CheckpointError) -> Void) {
      do throws(CheckpointError) { try body() } catch { left.insert(error, at: 0) }
    }
    attempt { () throws(CheckpointError) in try store.removeLater(than: position, by: ledger) }
    attempt { () throws(CheckpointError) in try store.remove(abandoned, by: ledger) }
    attempt { () throws(CheckpointError) in try store.retain(retention, by: ledger) }
    attempt { () throws(CheckpointError) in
      let later = try store.positions().filter { $0 > position || abandoned.contains($0) && $0 != position }
      left += try store.setAsideDamaged(later, by: ledger)
      let all = try store.positions()
      let unwanted = Set(retention.removable(of: all)).union(later)
      left += ledger.untold(of: all.filter(unwanted.contains))
    }
    guard let first = left.first, left.count > 1 else { return left.first }
    return CheckpointError(
      file: first.file, reason: first.reason, remedy: "\(first.remedy); and \(left.count - 1) more", cause: first.cause)
  }
}

extension CheckpointError {
  /// Of a file that has another name now.
  init(aside: String, from path: String, why: String) {
    self.init(file: path, reason: why, remedy: "it is \(aside) now", cause: .foreign)
  }
}
