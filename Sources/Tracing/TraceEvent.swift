/// The rows of a rank's picture: what may go on at the same time.
public enum TraceLane: UInt8, CaseIterable, Sendable {
  /// Steps, their operations, and every wait inside them.
  case compute
  /// What is under way between ranks while the compute lane goes on.
  case communication
  case evaluation
  /// The thread that writes checkpoints.
  case checkpoint

  public var words: String {
    switch self {
    case .compute: "compute"
    case .communication: "communication"
    case .evaluation: "evaluation"
    case .checkpoint: "checkpoint"
    }
  }
}

/// What a stretch of time was spent on: the summary adds up by it.
public enum TraceKind: UInt8, CaseIterable, Sendable {
  case compute
  /// A blocking sum of the statistics of a norm over the ranks.
  case statistics
  /// Nothing else to do until a sum of gradients is there: communication that is exposed.
  case gradientWait
  /// A bucket of gradients from start to arrival, hidden under computation or not.
  case gradientTransfer
  case update
  /// A whole step of one network; the name tells which. It encloses the events of its operations.
  case phase
  case evaluation
  case checkpoint

  public var words: String {
    switch self {
    case .compute: "compute"
    case .statistics: "norm statistics"
    case .gradientWait: "gradient wait"
    case .gradientTransfer: "gradient transfer"
    case .update: "update"
    case .phase: "phase"
    case .evaluation: "evaluation"
    case .checkpoint: "checkpoint"
    }
  }
}

/// A text that a recorder knows, by its number: what an event carries instead of the text.
public struct TraceName: Equatable, Sendable {
  @usableFromInline let index: UInt32

  @usableFromInline init(index: UInt32) { self.index = index }
}

/// What a `TraceName` stands for.
public struct TraceLabel: Hashable, Sendable {
  public let text: String
  public let kind: TraceKind

  public init(_ text: String, _ kind: TraceKind) { (self.text, self.kind) = (text, kind) }
}

/// A stretch of time on one rank.
///
/// - Units: nanoseconds of a monotonic clock: the rank's own, or rank 0's after correction.
public struct TraceEvent: Equatable, Sendable {
  /// Place in the labels of the rank.
  public let label: Int
  public let lane: TraceLane
  public let start: Int64
  public let end: Int64

  public init(label: Int, lane: TraceLane, start: Int64, end: Int64) {
    (self.label, self.lane, self.start, self.end) = (label, lane, start, end)
  }
}
