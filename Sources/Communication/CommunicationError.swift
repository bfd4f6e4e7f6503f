/// What can go wrong between ranks. None of it can be repaired by one rank alone: the job ends.
public enum CommunicationError: Error, Equatable, Sendable {
  /// An MPI call failed: `code` and `text` are MPI's own.
  case mpi(call: String, code: Int32, text: String, rank: Int)
  /// The launcher and MPI disagree about how many processes there are; `text` says what to do.
  case launch(text: String, rank: Int)
  /// Ranks do not answer after MPI has started: the one that noticed is alone with it; `text` says what to do.
  case unanswered(text: String, rank: Int)
  /// Ranks hold different values of what must be equal.
  case disagreement(what: String, values: String, rank: Int)
  /// Ranks that should do the same do not; `text` says what shows it.
  case outOfStep(text: String, rank: Int)
  /// Rank `rank` waits for rank `missing`, which has ended.
  case abandoned(missing: Int, rank: Int)
  /// The watchdog of a rank did not start; `text` says what the system refused.
  case watchdog(text: String, rank: Int)

  /// All ranks know of it: one of them tells, and all end in order.
  public var isShared: Bool {
    switch self {
    case .disagreement: true
    case .mpi, .launch, .unanswered, .outOfStep, .abandoned, .watchdog: false
    }
  }

  /// The rank that noticed.
  public var rank: Int {
    switch self {
    case .mpi(_, _, _, let rank), .launch(_, let rank), .unanswered(_, let rank), .disagreement(_, _, let rank),
      .outOfStep(_, let rank), .abandoned(_, let rank), .watchdog(_, let rank):
      rank
    }
  }
}

extension CommunicationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .mpi(let call, let code, let text, let rank):
      "rank \(rank): \(call) failed: \(text) (MPI code \(code)); the other ranks cannot go on without this one"
    case .launch(let text, _), .unanswered(let text, _):
      text
    case .disagreement(let what, let values, _):
      "\(what) differs between ranks: \(values); start every rank with the same program, recipe and data"
    case .outOfStep(let text, let rank):
      "rank \(rank): the ranks are out of step: \(text); this should not happen, so nothing that they hold can be trusted"
    case .abandoned(let missing, let rank):
      "rank \(rank) waits for rank \(missing), which has ended"
    case .watchdog(let text, let rank):
      "rank \(rank): the watchdog cannot start: \(text); raise the limit on threads (ulimit -u), or turn it off"
    }
  }
}
