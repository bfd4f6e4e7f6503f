import Files

/// Which files of a store its run may remove or replace: those that it, or a state it descends from, has written.
///
/// A file's header says whose it is. What was found out is remembered with the file's inode, size and time of change, so
/// that looking again costs one system call a file.
///
/// Owned by one thread.
final class CheckpointLedger {
  enum Verdict: Equatable {
    case own
    /// There is none.
    case gone
    /// Another run's, or nobody can tell.
    case foreign(CheckpointError)
  }

  private let store: CheckpointStore
  private let isOwn: (SafetensorsFile) -> Bool
  private var known: [CheckpointPosition: (seal: FileSeal, verdict: Verdict)] = [:]
  private var told: Set<CheckpointPosition> = []

  /// - Parameter isOwn: goes by a file's header.
  init(store: CheckpointStore, isOwn: @escaping (SafetensorsFile) -> Bool) { (self.store, self.isOwn) = (store, isOwn) }

  func verdict(_ position: CheckpointPosition) -> Verdict {
    let seal: FileSeal?
    do throws(FileError) { seal = try FileSeal(store.place(position)) } catch {
      return .foreign(CheckpointError(error))
    }
    guard let seal else { return .gone }
    if let entry = known[position], entry.seal == seal { return entry.verdict }
    let verdict = look(at: position)
    known[position] = (seal, verdict)
    return verdict
  }

  private func look(at position: CheckpointPosition) -> Verdict {
    do throws(CheckpointError) {
      guard let file = try store.open(position) else { return .gone }
      guard !isOwn(file) else { return .own }
      return .foreign(
        CheckpointError(
          file: file.path, reason: "is another run's", remedy: "it is left as it is", cause: .foreign))
    } catch { return .foreign(error) }
  }

  /// A checkpoint that the run has just written.
  func add(_ position: CheckpointPosition) {
    guard let seal = try? FileSeal(store.place(position)) else { return }
    known[position] = (seal, .own)
  }

  /// Those of the positions whose files are the run's own.
  func own(of positions: [CheckpointPosition]) -> [CheckpointPosition] { positions.filter { verdict($0) == .own } }

  /// What is not the run's own of these, each told once.
  func untold(of positions: [CheckpointPosition]) -> [CheckpointError] {
    positions.compactMap { position in
      guard case .foreign(let error) = verdict(position), told.insert(position).inserted else { return nil }
      return error
    }
  }
}
